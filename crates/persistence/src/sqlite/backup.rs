use std::path::Path;
use std::sync::Arc;

use diesel::prelude::*;
use diesel::sql_types::Text;

use super::connection;
use super::file_watch::Unchanged;
use super::schema_check::damages;
use crate::OpenError;

/// Copies a file that may be in use; see [`crate::backup`].
pub(crate) fn backup(path: &Path, to: &Path) -> Result<(), OpenError> {
    let (mut connection, access) = connection::open_to_read(path)?;
    let unchanged = Unchanged::since_now(path, access);
    diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(connection::uri(to, "rwc"))
        .execute(&mut connection)
        .map_err(|error| OpenError::Backup(Arc::new(error)))?;
    unchanged.verify()?;
    let mut copy = connection::open(to, false)?;
    let damages = damages(&mut copy).map_err(|error| OpenError::from_sqlite(to, error))?;
    match damages.into_iter().next() {
        Some(damage) => Err(OpenError::Damaged(damage)),
        None => Ok(()),
    }
}
