//! A copy of a file that is in use.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use byline_application::Cause;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::connection;
use super::file_watch::Unchanged;
use super::schema_check::damages;
use crate::OpenError;

/// See [`crate::backup`].
pub(crate) fn backup(path: &Path, to: &Path) -> Result<u64, OpenError> {
    let (mut connection, access) = connection::open_to_read(path)?;
    let unchanged = Unchanged::since_now(path, access);
    let partial = partial(to);
    // Of a backup that was broken off.
    remove(&partial)?;
    let made = diesel::sql_query("VACUUM INTO ?")
        .bind::<Text, _>(connection::uri(&partial, "rwc"))
        .execute(&mut connection)
        .map_err(|error| failed(Arc::new(error)))
        .and_then(|_| unchanged.verify())
        .and_then(|()| finish(&partial, to));
    if made.is_err() {
        drop(remove(&partial));
    }
    made
}

/// Checks the copy, makes it last, and gives it its name.
fn finish(partial: &Path, to: &Path) -> Result<u64, OpenError> {
    let mut copy = connection::open(partial, false)?;
    let damages = damages(&mut copy).map_err(|error| OpenError::from_sqlite(partial, error))?;
    // Closed, it leaves no files beside it.
    drop(copy);
    if let Some(damage) = damages.into_iter().next() {
        return Err(OpenError::Damaged(damage));
    }
    let rename = || {
        let file = File::open(partial)?;
        file.sync_all()?;
        fs::rename(partial, to)?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(file.metadata()?.len())
    };
    rename().map_err(|error: io::Error| failed(Arc::new(error)))
}

fn remove(path: &Path) -> Result<(), OpenError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(Arc::new(error))),
        _ => Ok(()),
    }
}

fn failed(cause: Cause) -> OpenError {
    OpenError::Backup(cause)
}

/// The name of a copy that is not whole yet.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}
