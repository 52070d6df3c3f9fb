//! Bringing a database to the schema of this program.

use std::sync::Arc;

use byline_application::Release;
use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;

use crate::database_url::Target;
use crate::schema::releases;
use crate::{DatabaseUrl, OpenError};
use crate::{mysql, sqlite};

/// What has been done to a database and what has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The migrations that it has, oldest first.
    pub applied: Vec<String>,
    /// The migrations that it lacks, oldest first.
    pub pending: Vec<String>,
    /// The releases whose migrations it has, oldest first.
    pub releases: Vec<Release>,
}

/// Applies the migrations that the database lacks and gives their names.
/// A file that does not exist is created. Safe to call from several processes
/// at once: each migration is applied once.
///
/// # Errors
///
/// The database cannot be opened, is somebody else's, is of a newer version,
/// or a migration failed.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, OpenError> {
    match &url.0 {
        Target::Sqlite(path) => sqlite::migrate(path),
        Target::Mysql(target) => mysql::migrate(target),
    }
}

/// Tells which migrations the database has, and changes nothing.
///
/// # Errors
///
/// The database cannot be opened or is somebody else's.
pub fn status(url: &DatabaseUrl) -> Result<Status, OpenError> {
    match &url.0 {
        Target::Sqlite(path) => sqlite::status(path),
        Target::Mysql(target) => mysql::status(target),
    }
}

/// The migrations of this program, parted in those that are among `applied`
/// and those that are not.
pub(crate) fn compare<DB: Backend>(
    applied: &[MigrationVersion<'_>],
    source: &impl MigrationSource<DB>,
) -> Result<(Vec<String>, Vec<String>), OpenError> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| OpenError::Migration(Arc::from(error));
    let mut known = source.migrations().map_err(failed)?;
    known.sort_by(|a, b| a.name().version().cmp(&b.name().version()));
    if let Some(unknown) = applied.iter().find(|version| {
        !known
            .iter()
            .any(|known| known.name().version() == **version)
    }) {
        let unknown = unknown.to_string();
        return Err(OpenError::SchemaTooNew { unknown });
    }
    let (applied, pending): (Vec<_>, Vec<_>) = known
        .iter()
        .partition(|known| applied.contains(&known.name().version().as_owned()));
    let names = |migrations: Vec<&Box<dyn Migration<DB>>>| {
        let names = migrations.into_iter().map(|one| one.name().to_string());
        names.collect::<Vec<_>>()
    };
    Ok((names(applied), names(pending)))
}

/// # Errors
///
/// [`OpenError::SchemaTooOld`] unless nothing is pending.
pub(crate) fn require_none(pending: &[String]) -> Result<(), OpenError> {
    match pending.first() {
        None => Ok(()),
        Some(missing) => Err(OpenError::SchemaTooOld {
            missing: missing.clone(),
        }),
    }
}

pub(crate) fn release((version, schema): (String, String)) -> Release {
    Release { version, schema }
}

/// Every release that the database has seen, oldest first.
pub(crate) type Releases = diesel::dsl::Order<releases::table, releases::schema_version>;

pub(crate) fn releases_query() -> Releases {
    QueryDsl::order(releases::table, releases::schema_version)
}
