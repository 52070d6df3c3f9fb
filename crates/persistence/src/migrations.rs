//! Bringing a database to the schema of this program.

use crate::database_url::Target;
pub use crate::migration_status::Status;
use crate::{DatabaseUrl, OpenError};
use crate::{mysql, sqlite};

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
