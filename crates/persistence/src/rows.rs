//! Rows as the engines store them, and their conversion to and from the domain.

use std::error::Error;
use std::sync::Arc;

use byline_application::RepositoryError;
use byline_domain::policy::{Scope, Scopes};
use byline_domain::{
    ApiKey, Entity, Id, KeyId, KeyName, NewApiKey, Stored, Timestamp, UserId, Version,
};
use diesel::prelude::*;

use crate::schema::{api_keys, imports};

/// The columns that the rows of all entities have besides an id and fields.
#[derive(Clone, Copy)]
pub(crate) struct RowMeta {
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) version: i64,
}

/// A row of `imports` before it has an id.
#[derive(Insertable)]
#[diesel(table_name = imports)]
pub(crate) struct NewImportRow {
    pub(crate) what: &'static str,
    pub(crate) numbering: &'static str,
    pub(crate) authors: Option<i64>,
    pub(crate) bytes: i64,
    pub(crate) line_count: i64,
    pub(crate) digest: Vec<u8>,
    pub(crate) updated_at: i64,
}

/// A row of `api_keys`, without the hash of its secret.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub(crate) struct KeyRow {
    pub(crate) id: i64,
    hint: String,
    name: String,
    user_id: Option<i64>,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl RowMeta {
    pub(crate) fn of(created_at: Timestamp, updated_at: Timestamp, version: Version) -> Self {
        Self {
            created_at: created_at.as_micros(),
            updated_at: updated_at.as_micros(),
            version: version.get(),
        }
    }

    /// Returns the columns of a row that is created at `now`.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self::of(now, now, Version::FIRST)
    }
}

impl KeyRow {
    pub(crate) fn context(&self) -> RowContext {
        RowContext::of("key", self.id)
    }
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = RepositoryError;

    fn try_from(row: KeyRow) -> Result<Self, RepositoryError> {
        let context = row.context();
        let at =
            |micros: Option<i64>| context.check(micros.map(Timestamp::from_micros).transpose());
        let scopes = row.scopes.split_ascii_whitespace();
        let scopes: Option<Scopes> = scopes.map(Scope::named).collect();
        Ok(Self {
            id: context.check(KeyId::try_from(row.id))?,
            grant: NewApiKey {
                name: context.check(KeyName::parse(row.name))?,
                user: context.check(row.user_id.map(UserId::try_from).transpose())?,
                scopes: context.check(scopes.ok_or("a scope is none"))?,
                expires_at: at(row.expires_at)?,
            },
            created_at: context.check(Timestamp::from_micros(row.created_at))?,
            revoked_at: at(row.revoked_at)?,
            hint: row.hint,
        })
    }
}

/// Names a row whose values are parsed.
pub(crate) struct RowContext {
    entity: &'static str,
    id: i64,
}

impl RowContext {
    pub(crate) fn of(entity: &'static str, id: i64) -> Self {
        Self { entity, id }
    }

    /// Returns the value, or [`RepositoryError::Corrupt`] with the row's name.
    pub(crate) fn check<T, E>(&self, parsed: Result<T, E>) -> Result<T, RepositoryError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        parsed.map_err(|error| RepositoryError::Corrupt {
            entity: self.entity,
            id: self.id,
            cause: Arc::from(error.into()),
        })
    }

    /// Returns the row of an entity, with these fields.
    pub(crate) fn stored<E: Entity>(
        &self,
        fields: E,
        meta: RowMeta,
    ) -> Result<Stored<E>, RepositoryError> {
        Ok(Stored {
            id: self.check(Id::try_from(self.id))?,
            fields,
            created_at: self.check(Timestamp::from_micros(meta.created_at))?,
            updated_at: self.check(Timestamp::from_micros(meta.updated_at))?,
            version: self.check(
                Version::new(meta.version).ok_or("a version is a whole number from 1 to 2^53-1"),
            )?,
        })
    }
}
