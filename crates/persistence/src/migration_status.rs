//! What a database has of the migrations of this program.

use std::sync::Arc;

use byline_application::Release;
use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::prelude::*;

use crate::OpenError;
use crate::schema::releases;

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

/// What a database has beside what this program knows.
pub(crate) struct Comparison {
    /// Migrations of this program that the database has, oldest first.
    pub(crate) applied: Vec<String>,
    /// Migrations of this program that it lacks, oldest first.
    pub(crate) pending: Vec<String>,
    /// A migration that it has, and this program does not know.
    unknown: Option<String>,
    /// The newest migration of this program, as a version.
    newest: String,
}

/// Compares the migrations of this program with those that are `applied`.
pub(crate) fn compare<DB: Backend>(
    applied: &[MigrationVersion<'_>],
    source: &impl MigrationSource<DB>,
) -> Result<Comparison, OpenError> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| OpenError::Migration(Arc::from(error));
    let mut known = source.migrations().map_err(failed)?;
    known.sort_by(|a, b| a.name().version().cmp(&b.name().version()));
    let is_known = |version: &MigrationVersion<'_>| {
        let mut names = known.iter().map(Migration::name);
        names.any(|name| name.version() == *version)
    };
    let unknown = applied.iter().filter(|version| !is_known(version));
    let unknown = unknown.map(ToString::to_string).min();
    let newest = known
        .last()
        .map(|newest| newest.name().version().to_string());
    let (applied, pending): (Vec<_>, Vec<_>) = known
        .iter()
        .partition(|known| applied.contains(&known.name().version().as_owned()));
    let names = |migrations: Vec<&Box<dyn Migration<DB>>>| {
        let names = migrations.into_iter().map(|one| one.name().to_string());
        names.collect::<Vec<_>>()
    };
    Ok(Comparison {
        applied: names(applied),
        pending: names(pending),
        unknown,
        newest: newest.unwrap_or_default(),
    })
}

impl Comparison {
    /// What may be migrated by this program: not what a newer one has migrated.
    ///
    /// # Errors
    ///
    /// [`OpenError::SchemaTooNew`]
    pub(crate) fn or_newer(self) -> Result<Self, OpenError> {
        match self.unknown {
            Some(unknown) => Err(OpenError::SchemaTooNew { unknown }),
            None => Ok(self),
        }
    }

    /// What may be checked by this program: a schema that is complete.
    ///
    /// # Errors
    ///
    /// [`OpenError::SchemaTooOld`]
    pub(crate) fn or_incomplete(self) -> Result<Self, OpenError> {
        require_none(&self.pending)?;
        Ok(self)
    }

    /// What may be served by this program: nothing is pending, and what a newer
    /// one has added does not leave it behind. `floor` gives the greatest row
    /// of `schema_floors`.
    ///
    /// # Errors
    ///
    /// [`OpenError::SchemaTooOld`], [`OpenError::SchemaTooNew`]
    pub(crate) fn require_served(
        self,
        floor: impl FnOnce() -> Result<Option<String>, OpenError>,
    ) -> Result<(), OpenError> {
        require_none(&self.pending)?;
        let Some(unknown) = self.unknown else {
            return Ok(());
        };
        match floor()? {
            Some(floor) if floor > self.newest => Err(OpenError::SchemaTooNew { unknown }),
            Some(_) | None => Ok(()),
        }
    }
}

/// The oldest migration that a program must know, if it is not every program's.
pub(crate) const FLOOR: &str = "SELECT MAX(schema_version) FROM schema_floors";

/// # Errors
///
/// [`OpenError::SchemaTooOld`] unless nothing is pending.
fn require_none(pending: &[String]) -> Result<(), OpenError> {
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
