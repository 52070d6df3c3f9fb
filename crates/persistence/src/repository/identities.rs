use byline_application::identities::{Linked, USER};
use byline_application::{IdentityRepository, RepositoryError, RowLock};
use byline_domain::policy::Identity;
use byline_domain::{Timestamp, UserId};
use diesel::prelude::*;

use super::{DieselSession, dialect};
use crate::rows::RowContext;
use crate::schema::identities;

impl IdentityRepository for DieselSession<'_> {
    fn find(
        &mut self,
        identity: &Identity,
        lock: RowLock,
    ) -> Result<Option<Linked>, RepositoryError> {
        let row: Option<Option<i64>> = self.run(|connection| {
            let found = identities::table
                .filter(identities::identity_hash.eq(identity.as_bytes().as_slice()))
                .select(identities::user_id);
            let row = match lock {
                RowLock::Released => found.get_result(connection),
                RowLock::UntilTheEnd => dialect::get_shared(connection, found),
            };
            row.optional()
        })?;
        row.map(|user| match user {
            Some(id) => {
                let id = RowContext::of("identity of user", id).check(UserId::try_from(id))?;
                Ok(Linked::To(id))
            }
            None => Ok(Linked::ToDeleted),
        })
        .transpose()
    }

    fn insert(
        &mut self,
        identity: &Identity,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), RepositoryError> {
        let values = (
            identities::identity_hash.eq(identity.as_bytes().as_slice()),
            identities::user_id.eq(user.get()),
            identities::created_at.eq(now.as_micros()),
        );
        self.change_related(
            |connection| {
                let insert = diesel::insert_into(identities::table).values(values);
                insert.execute(connection)
            },
            |_| Ok(Some(RepositoryError::MissingReference(USER))),
        )?;
        Ok(())
    }

    fn delete(&mut self, identity: &Identity) -> Result<bool, RepositoryError> {
        let rows = self.change(|connection| {
            diesel::delete(identities::table.find(identity.as_bytes().as_slice()))
                .execute(connection)
        })?;
        Ok(rows == 1)
    }
}
