use byline_application::keys::{Found, ListedKey, USER};
use byline_application::{Digest, KeyRepository, RepositoryError, RowLock};
use byline_domain::{ApiKey, KeyId, NewApiKey, Timestamp, UserId};
use diesel::prelude::*;

use super::idempotency::fault;
use super::{DieselSession, dialect};
use crate::rows::KeyRow;
use crate::schema::{api_key_uses, api_keys};

impl KeyRepository for DieselSession<'_> {
    fn find(&mut self, secret: &Digest, lock: RowLock) -> Result<Option<Found>, RepositoryError> {
        let row = self.run(|connection| {
            let found = api_keys::table
                .filter(api_keys::secret_hash.eq(secret.as_bytes().as_slice()))
                .select((KeyRow::as_select(), api_keys::secret_hash));
            let row = match lock {
                RowLock::Released => found.get_result(connection),
                RowLock::UntilTheEnd => dialect::get_shared(connection, found),
            };
            row.optional()
        })?;
        row.map(|(row, secret): (KeyRow, Vec<u8>)| {
            let secret = <[u8; Digest::LENGTH]>::try_from(secret)
                .map_err(|_| fault("the digest of a secret is no SHA-256"))?;
            Ok(Found {
                key: row.try_into()?,
                secret: secret.into(),
            })
        })
        .transpose()
    }

    fn insert(
        &mut self,
        grant: &NewApiKey,
        secret: &Digest,
        hint: &str,
        now: Timestamp,
    ) -> Result<ApiKey, RepositoryError> {
        let secret = secret.as_bytes().as_slice();
        let values = (
            api_keys::secret_hash.eq(secret),
            api_keys::hint.eq(hint),
            api_keys::name.eq(grant.name.as_str()),
            api_keys::user_id.eq(grant.user.map(UserId::get)),
            api_keys::scopes.eq(grant.scopes.to_string()),
            api_keys::created_at.eq(now.as_micros()),
            api_keys::expires_at.eq(grant.expires_at.map(Timestamp::as_micros)),
        );
        self.change_related(
            |connection| {
                let insert = diesel::insert_into(api_keys::table).values(values);
                insert.execute(connection)
            },
            |_| Ok(Some(RepositoryError::MissingReference(USER))),
        )?;
        let row: KeyRow = self.run(|connection| {
            api_keys::table
                .filter(api_keys::secret_hash.eq(secret))
                .select(KeyRow::as_select())
                .first(connection)
        })?;
        let id = row.id;
        if KeyId::try_from(id).is_err() {
            return Err(RepositoryError::NoIdLeft);
        }
        self.change(|connection| {
            diesel::insert_into(api_key_uses::table)
                .values(api_key_uses::key_id.eq(id))
                .execute(connection)
        })?;
        row.try_into()
    }

    fn list(&mut self, most: u16) -> Result<Vec<ListedKey>, RepositoryError> {
        let rows: Vec<(KeyRow, Option<i64>)> = self.run(|connection| {
            api_keys::table
                .inner_join(api_key_uses::table)
                .order(api_keys::id)
                .limit(i64::from(most))
                .select((KeyRow::as_select(), api_key_uses::last_used_at))
                .load(connection)
        })?;
        rows.into_iter()
            .map(|(row, used)| {
                let context = row.context();
                let used = used.map(Timestamp::from_micros).transpose();
                Ok(ListedKey {
                    key: row.try_into()?,
                    last_used_at: context.check(used)?,
                })
            })
            .collect()
    }

    fn revoke(&mut self, id: KeyId, now: Timestamp) -> Result<Option<bool>, RepositoryError> {
        let revoked = self.change(|connection| {
            diesel::update(api_keys::table.find(id.get()))
                .filter(api_keys::revoked_at.is_null())
                .set(api_keys::revoked_at.eq(now.as_micros()))
                .execute(connection)
        })?;
        if revoked == 1 {
            return Ok(Some(true));
        }
        let exists: i64 = self.run(|connection| {
            api_keys::table
                .find(id.get())
                .count()
                .get_result(connection)
        })?;
        Ok((exists == 1).then_some(false))
    }

    fn note_use(&mut self, id: KeyId, at: Timestamp) -> Result<(), RepositoryError> {
        let at = at.as_micros();
        self.change(|connection| {
            let earlier = api_key_uses::last_used_at
                .is_null()
                .or(api_key_uses::last_used_at.lt(at));
            diesel::update(api_key_uses::table.find(id.get()))
                .filter(earlier)
                .set(api_key_uses::last_used_at.eq(at))
                .execute(connection)
        })?;
        Ok(())
    }
}
