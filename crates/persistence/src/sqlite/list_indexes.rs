//! Drops the indexes that only lists need, before millions of rows are inserted: each row
//! would change a random page of every index, while building an index afterwards sorts all
//! rows at once.
//!
//! A migration of its own creates each index. It is reverted, so that it is pending until the
//! next migration: no file is served without its indexes.

use std::path::Path;

use byline_application::Release;
use diesel::migration::{Migration, MigrationSource};
use diesel::sqlite::Sqlite;
use diesel_migrations::MigrationHarness;

use super::schema_check::{self, MIGRATIONS, SchemaReadError};
use super::{Connection, connection};
use crate::OpenError;

/// Returns whether the migration of that name only creates an index of lists.
pub(super) fn makes_one(migration: &str) -> bool {
    migration.contains("_index_")
}

/// Drops the indexes of lists that the file has, and returns the newest release that it has
/// seen. The rest of the schema must be there, and no other process may have the file open:
/// its lists would fail.
pub(super) fn drop_all(path: &Path) -> Result<Option<Release>, OpenError> {
    let (release, applied) = schema_check::require_served(path, makes_one)?;
    let dropped: Vec<_> = applied.into_iter().filter(|name| makes_one(name)).collect();
    if !dropped.is_empty() {
        let mut connection = connection::open_alone(path)?;
        connection
            .exclusive_transaction(|connection| revert(connection, &dropped))
            .map_err(|error| match error {
                SchemaReadError::Query(error) if connection::is_locked(&error) => {
                    OpenError::InUse(path.to_owned())
                }
                other => other.into_open_error(),
            })?;
    }
    Ok(release)
}

fn revert(connection: &mut Connection, names: &[String]) -> Result<(), SchemaReadError> {
    let known: Vec<Box<dyn Migration<Sqlite>>> =
        MIGRATIONS.migrations().map_err(schema_check::failed)?;
    for migration in known {
        if names.contains(&migration.name().to_string()) {
            connection
                .revert_migration(&migration)
                .map_err(schema_check::failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byline.db");
        schema_check::migrate(&path).unwrap();
        (folder, path)
    }

    #[test]
    fn they_are_pending_until_the_next_migration() {
        let (_folder, path) = file();
        drop_all(&path).unwrap().expect("a release");
        let pending = schema_check::status(&path).unwrap().pending;
        let known: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations().unwrap();
        let known = known.iter().map(|migration| migration.name().to_string());
        assert_eq!(
            pending,
            known.filter(|name| makes_one(name)).collect::<Vec<_>>()
        );
        assert!(!pending.is_empty());
        let error = schema_check::require_served(&path, |_| false).unwrap_err();
        assert!(matches!(error, OpenError::SchemaTooOld { .. }), "{error:?}");
        assert!(drop_all(&path).unwrap().is_some());
        assert_eq!(schema_check::migrate(&path).unwrap(), pending);
        assert_eq!(schema_check::check(&path).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn not_while_the_file_is_open_elsewhere() {
        let (_folder, path) = file();
        let other = connection::open(&path, false).unwrap();
        let error = drop_all(&path).unwrap_err();
        assert!(matches!(error, OpenError::InUse(_)), "{error:?}");
        assert_eq!(schema_check::check(&path).unwrap(), Vec::<String>::new());
        drop(other);
        drop_all(&path).unwrap();
    }

    #[test]
    fn a_file_without_a_schema_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byline.db");
        drop(connection::open(&path, true).unwrap());
        let error = drop_all(&path).unwrap_err();
        assert!(matches!(error, OpenError::SchemaTooOld { .. }), "{error:?}");
    }
}
