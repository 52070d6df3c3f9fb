//! Migrates a database to the schema of this program.

use crate::database_url::Target;
pub use crate::migration_status::Status;
use crate::{DatabaseUrl, OpenError};
use crate::{mysql, sqlite};

/// Applies the pending migrations, and returns their names. Creates a SQLite file that
/// does not exist. Safe to call from several processes at once: each migration is applied
/// once.
///
/// # Errors
///
/// The database cannot be opened, is not Byline's, is of a newer version, or a migration
/// failed.
pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, OpenError> {
    match &url.0 {
        Target::Sqlite(path) => sqlite::migrate(path),
        Target::Mysql(target) => mysql::migrate(target),
    }
}

/// Returns which migrations the database has, and changes nothing.
///
/// # Errors
///
/// The database cannot be opened, or is not Byline's.
pub fn status(url: &DatabaseUrl) -> Result<Status, OpenError> {
    match &url.0 {
        Target::Sqlite(path) => sqlite::status(path),
        Target::Mysql(target) => mysql::status(target),
    }
}
