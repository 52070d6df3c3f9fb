//! Checks whether a file has the schema of this program, and migrates it.

use std::collections::BTreeMap;
use std::path::Path;

use byline_application::Release;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Access;
use super::file_watch::Unchanged;
use super::{Connection, connection};
use crate::OpenError;
use crate::migration_status::{self, Comparison, Status, releases};

pub(super) use crate::migration_status::failed;

pub(super) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// See [`crate::migrations::migrate`].
pub(crate) fn migrate(path: &Path) -> Result<Vec<String>, OpenError> {
    let mut connection = connection::open(path, true)?;
    // The lock is taken before the comparison, so that one of several processes
    // applies the pending migrations and the others find none.
    connection
        .exclusive_transaction(|connection| {
            let pending = compare(connection)?.require_known()?.pending;
            connection
                .run_pending_migrations(MIGRATIONS)
                .map_err(failed)?;
            Ok(pending)
        })
        .map_err(SchemaReadError::into_open_error)
}

/// An error in one of diesel's transactions.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) enum SchemaReadError {
    Open(#[from] OpenError),
    Query(#[from] diesel::result::Error),
}

impl SchemaReadError {
    /// Returns why the schema could not be changed.
    pub(super) fn into_open_error(self) -> OpenError {
        match self {
            Self::Open(error) => error,
            Self::Query(error) => failed(Box::new(error)),
        }
    }
}

/// See [`crate::migrations::status`].
pub(crate) fn status(path: &Path) -> Result<Status, OpenError> {
    let (mut connection, _) = connection::open_to_read(path)?;
    compare(&mut connection)?.into_status(|| {
        releases(&mut connection).map_err(|error| OpenError::from_sqlite(path, error))
    })
}

/// Checks that this program can read the file. Returns the newest release that the
/// file has seen, and how to open the file.
pub(super) fn require_readable(path: &Path) -> Result<(Option<Release>, Access), OpenError> {
    let (mut connection, access) = connection::open_to_read(path)?;
    let (release, _) = require_served_on(&mut connection, path, |_| false)?;
    Ok((release, access))
}

/// Checks that this program can serve the file, but for pending migrations for which
/// `may_be_pending` is true. Returns the newest release that the file has seen, and the
/// applied migrations.
pub(super) fn require_served(
    path: &Path,
    may_be_pending: impl Fn(&str) -> bool,
) -> Result<(Option<Release>, Vec<String>), OpenError> {
    let mut connection = connection::open_writable(path)?;
    require_served_on(&mut connection, path, may_be_pending)
}

fn require_served_on(
    connection: &mut Connection,
    path: &Path,
    may_be_pending: impl Fn(&str) -> bool,
) -> Result<(Option<Release>, Vec<String>), OpenError> {
    require_sound_sqlite(connection).map_err(|error| OpenError::from_sqlite(path, error))??;
    let mut found = compare(connection)?;
    found.pending.retain(|name| !may_be_pending(name));
    let applied = found.applied.clone();
    let unusable = |error| OpenError::from_sqlite(path, error);
    found.require_served(|| {
        let floor = sql::<Nullable<Text>>(migration_status::FLOOR);
        floor.get_result(connection).map_err(unusable)
    })?;
    Ok((releases(connection).map_err(unusable)?.pop(), applied))
}

/// Compares the file's migrations with this program's. Diesel alone would create its
/// table of migrations in an empty file.
fn compare(connection: &mut Connection) -> Result<Comparison, OpenError> {
    let tables: i64 = sql::<BigInt>(
        "SELECT count(*) FROM sqlite_schema WHERE name = '__diesel_schema_migrations'",
    )
    .get_result(connection)
    .map_err(|error| failed(Box::new(error)))?;
    let applied = if tables == 0 {
        Vec::new()
    } else {
        connection.applied_migrations().map_err(failed)?
    };
    migration_status::compare::<diesel::sqlite::Sqlite>(&applied, &MIGRATIONS)
}

/// See [`crate::check`].
pub(crate) fn check(path: &Path) -> Result<Vec<String>, OpenError> {
    let (mut connection, access) = connection::open_to_read(path)?;
    let unchanged = Unchanged::since_now(path, access);
    let failed = |error| OpenError::from_sqlite(path, error);
    let mut lines = damages(&mut connection).map_err(failed)?;
    let pending = compare(&mut connection)?.require_known()?.pending;
    if pending.is_empty() {
        lines.extend(differences(&mut connection).map_err(failed)?);
    } else {
        lines.extend(
            pending
                .iter()
                .map(|name| format!("the migration {name} is missing")),
        );
    }
    unchanged.verify()?;
    Ok(lines)
}

/// Returns the tables and indexes that differ from those that the migrations create,
/// on which every list relies.
fn differences(connection: &mut Connection) -> QueryResult<Vec<String>> {
    let mut model = <Connection as diesel::Connection>::establish(":memory:")
        .map_err(|error| diesel::result::Error::QueryBuilderError(error.into()))?;
    model
        .run_pending_migrations(MIGRATIONS)
        .map_err(diesel::result::Error::QueryBuilderError)?;
    let (found, expected) = (objects(connection)?, objects(&mut model)?);
    let changed = expected
        .iter()
        .filter_map(|(name, sql)| match found.get(name) {
            None => Some(format!("{name} is missing")),
            Some(other) if other != sql => Some(format!("{name} is not as Byline made it")),
            Some(_) => None,
        });
    let unexpected = found.keys().filter(|name| !expected.contains_key(*name));
    let unexpected = unexpected.map(|name| format!("{name} is not of Byline"));
    Ok(changed.chain(unexpected).collect())
}

/// Returns the statement that created each table, index, view and trigger, by name.
fn objects(connection: &mut Connection) -> QueryResult<BTreeMap<String, String>> {
    let rows: Vec<(String, String)> = sql::<(Text, Text)>(
        "SELECT type || ' ' || name, sql FROM sqlite_schema \
         WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    )
    .load(connection)?;
    Ok(rows.into_iter().collect())
}

/// Returns a line for each damage in the file.
pub(super) fn damages(connection: &mut Connection) -> QueryResult<Vec<String>> {
    let mut lines: Vec<String> = sql::<Text>("PRAGMA integrity_check").load(connection)?;
    lines.retain(|line| line != "ok");
    let orphans: i64 =
        sql::<BigInt>("SELECT count(*) FROM pragma_foreign_key_check").get_result(connection)?;
    if orphans > 0 {
        lines.push(format!("{orphans} rows refer to rows that do not exist"));
    }
    Ok(lines)
}

/// Checks the version of SQLite. The library is compiled in, so this fails only in a
/// build that links another one. Before 3.51.3, a checkpoint that races with a writer
/// can damage the write-ahead log (<https://www.sqlite.org/wal.html#walresetbug>).
fn require_sound_sqlite(connection: &mut Connection) -> QueryResult<Result<(), OpenError>> {
    let version: String = sql::<Text>("SELECT sqlite_version()").get_result(connection)?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let found: [u32; 3] = std::array::from_fn(|_| parts.next().unwrap_or(0));
    Ok(if found >= [3, 51, 3] {
        Ok(())
    } else {
        Err(OpenError::SqliteTooOld(version))
    })
}
