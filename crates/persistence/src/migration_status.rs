//! Compares the migrations of a database with those of this program.

use std::error::Error;
use std::sync::Arc;

use byline_application::Release;
use diesel::backend::Backend;
use diesel::dsl::Order;
use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::query_dsl::LoadQuery;
use diesel::{QueryDsl, QueryResult, RunQueryDsl};

use crate::OpenError;
use crate::schema::releases;

/// The migrations and releases of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Applied migrations, oldest first.
    pub applied: Vec<String>,
    /// Pending migrations, oldest first.
    pub pending: Vec<String>,
    /// The releases whose migrations were applied, oldest first.
    pub releases: Vec<Release>,
}

/// How the migrations of a database differ from those of this program.
pub(crate) struct Comparison {
    /// Migrations of this program that the database has, oldest first.
    pub(crate) applied: Vec<String>,
    /// Migrations of this program that the database lacks, oldest first.
    pub(crate) pending: Vec<String>,
    /// The oldest migration of the database that this program does not know.
    unknown: Option<String>,
    /// The version of this program's newest migration.
    newest: String,
}

/// Compares the migrations in `source` with those that were applied.
pub(crate) fn compare<DB: Backend>(
    applied: &[MigrationVersion<'_>],
    source: &impl MigrationSource<DB>,
) -> Result<Comparison, OpenError> {
    let mut known = source.migrations().map_err(failed)?;
    known.sort_by(|a, b| a.name().version().cmp(&b.name().version()));
    let versions: Vec<_> = known.iter().map(|one| one.name().version()).collect();
    let unknown = applied.iter().filter(|version| !versions.contains(version));
    let unknown = unknown.map(ToString::to_string).min();
    let newest = versions.last().map(ToString::to_string);
    let (applied, pending): (Vec<_>, Vec<_>) = known
        .iter()
        .partition(|one| applied.contains(&one.name().version()));
    let names = |migrations: Vec<&Box<dyn Migration<DB>>>| {
        let names = migrations.into_iter().map(|one| one.name().to_string());
        names.collect()
    };
    Ok(Comparison {
        applied: names(applied),
        pending: names(pending),
        unknown,
        newest: newest.unwrap_or_default(),
    })
}

impl Comparison {
    /// Refuses a database that a newer program has migrated.
    pub(crate) fn require_known(self) -> Result<Self, OpenError> {
        match self.unknown {
            Some(unknown) => Err(OpenError::SchemaTooNew { unknown }),
            None => Ok(self),
        }
    }

    /// Refuses a database with a pending migration.
    pub(crate) fn require_complete(&self) -> Result<(), OpenError> {
        match self.pending.first().cloned() {
            Some(missing) => Err(OpenError::SchemaTooOld { missing }),
            None => Ok(()),
        }
    }

    /// Checks that this program can serve the database: no migration is pending, and
    /// newer ones do not require a newer program. `floor` returns the result of
    /// [`FLOOR`].
    pub(crate) fn require_served(
        self,
        floor: impl FnOnce() -> Result<Option<String>, OpenError>,
    ) -> Result<(), OpenError> {
        self.require_complete()?;
        match self.unknown {
            Some(unknown) if floor()?.is_some_and(|floor| floor > self.newest) => {
                Err(OpenError::SchemaTooNew { unknown })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Returns the status of a database; `releases` reads the releases it has seen.
    pub(crate) fn into_status(
        self,
        releases: impl FnOnce() -> Result<Vec<Release>, OpenError>,
    ) -> Result<Status, OpenError> {
        let Self {
            applied, pending, ..
        } = self.require_known()?;
        let releases = if applied.is_empty() {
            Vec::new()
        } else {
            releases()?
        };
        Ok(Status {
            applied,
            pending,
            releases,
        })
    }
}

/// Selects the oldest migration that a program must know to serve the database, if
/// not every program can.
pub(crate) const FLOOR: &str = "SELECT MAX(schema_version) FROM schema_floors";

pub(crate) fn failed(error: Box<dyn Error + Send + Sync>) -> OpenError {
    OpenError::Migration(Arc::from(error))
}

/// Returns every release that the database has seen, oldest first.
pub(crate) fn releases<C>(connection: &mut C) -> QueryResult<Vec<Release>>
where
    for<'query> Order<releases::table, releases::schema_version>:
        LoadQuery<'query, C, (String, String)>,
{
    let query = QueryDsl::order(releases::table, releases::schema_version);
    let rows: Vec<(String, String)> = query.load(connection)?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(version, schema)| Release { version, schema })
        .collect())
}
