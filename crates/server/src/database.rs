//! The database, from its settings.

use byline_persistence::{Database, OpenError, Options, migrations};
use tracing::info;

use crate::settings::DatabaseSettings;

/// Opens the database; creates and migrates the default one first.
///
/// # Errors
///
/// [`OpenError`], with a remedy where there is one.
pub(crate) fn open(settings: &DatabaseSettings) -> Result<Database, OpenError> {
    if settings.create {
        for migration in migrations::migrate(&settings.url)? {
            info!(%migration, "applied a migration");
        }
    }
    let options = Options {
        pool_size: settings
            .pool_size
            .unwrap_or_else(|| settings.url.usual_pool_size()),
        queue_length: settings.queue_length,
    };
    let database = Database::open(&settings.url, &options)?;
    info!(database = %settings.url, "opened the database");
    Ok(database)
}
