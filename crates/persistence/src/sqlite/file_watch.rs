//! Checks that the open files are still those at their paths.
//!
//! A file that was deleted, moved or replaced can be written as long as it is open,
//! and everything written to it is lost when it is closed. SQLite does not check.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use byline_application::Cause;

use super::connection::Access;
use super::file::with_suffix;
use super::trouble::Trouble;
use crate::OpenError;

/// Device and inode of a file.
type Identity = (u64, u64);

/// The files of a database, and their identities when they were opened.
pub(super) struct FileWatch {
    database: (PathBuf, Identity),
    /// The write-ahead log and its index. They stay as long as a connection is
    /// open; their identities are known after the first commit on it.
    companions: Mutex<Vec<(PathBuf, Identity)>>,
    trouble: Trouble,
}

/// Why nothing may be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileLost {
    #[error("{path} was deleted or moved; put it back, or restart the service", path = .0.display())]
    Gone(PathBuf),
    #[error("{path} is another file than the one that was opened; restart the service", path = .0.display())]
    Replaced(PathBuf),
    #[error("the metadata of {path} cannot be read", path = .0.display())]
    Unknown(PathBuf, #[source] io::Error),
}

impl FileWatch {
    /// Notes which file is at `path` now.
    pub(super) fn begin(path: &Path) -> io::Result<Self> {
        Ok(Self {
            database: (path.to_owned(), identity(path)?),
            companions: Mutex::default(),
            trouble: Trouble::default(),
        })
    }

    /// Checks that the paths name the open files: one `stat` for each of the three. Logs an
    /// error once.
    pub(super) fn check(&self) -> Result<(), Cause> {
        let lost = std::iter::once(&self.database)
            .chain(self.companions().iter())
            .find_map(|(path, known)| compare(path, *known).err());
        let Some(lost) = lost else {
            if self.trouble.clear() {
                tracing::warn!("the database file is in its place again");
            }
            return Ok(());
        };
        let cause: Cause = Arc::new(lost);
        if self.trouble.set(Arc::clone(&cause)) {
            tracing::error!(
                error = cause.to_string(),
                "the database file was taken away; writes are refused, for they would be lost"
            );
        }
        Err(cause)
    }

    /// Notes which files are beside the database, if that is not known. Call it
    /// after a commit: the files exist then.
    pub(super) fn note_companions(&self) {
        let mut companions = self.companions();
        if companions.is_empty() {
            let paths = ["-wal", "-shm"].map(|suffix| with_suffix(&self.database.0, suffix));
            let found = paths
                .into_iter()
                .filter_map(|path| identity(&path).ok().map(|found| (path, found)));
            companions.extend(found);
        }
    }

    /// Forgets the files beside the database: SQLite removes them with its last
    /// connection, and creates new ones.
    pub(super) fn forget_companions(&self) {
        self.companions().clear();
    }

    /// Returns why nothing may be written, as of the last check.
    pub(super) fn trouble(&self) -> Option<Cause> {
        self.trouble.cause()
    }

    fn companions(&self) -> MutexGuard<'_, Vec<(PathBuf, Identity)>> {
        let companions = self.companions.lock();
        companions.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Detects changes of a file that is read without locks.
pub(super) struct Unchanged<'a> {
    path: &'a Path,
    /// `None` for a shared file, which needs no such check.
    seen: Option<Stamp>,
}

/// Identity, length and modification time of a file.
type Stamp = (Identity, u64, (i64, i64));

impl<'a> Unchanged<'a> {
    pub(super) fn since_now(path: &'a Path, access: Access) -> Self {
        let seen = match access {
            Access::Shared => None,
            Access::Immutable => stamp(path).ok(),
        };
        Self { path, seen }
    }

    /// Checks that the file was not written since.
    pub(super) fn verify(&self) -> Result<(), OpenError> {
        let has_log = || with_suffix(self.path, "-wal").exists();
        match &self.seen {
            Some(seen) if has_log() || stamp(self.path).ok().as_ref() != Some(seen) => {
                Err(OpenError::Changed(self.path.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let found = fs::metadata(path)?;
    let written = (found.mtime(), found.mtime_nsec());
    Ok(((found.dev(), found.ino()), found.len(), written))
}

fn compare(path: &Path, known: Identity) -> Result<(), FileLost> {
    match identity(path) {
        Ok(found) if found == known => Ok(()),
        Ok(_) => Err(FileLost::Replaced(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(FileLost::Gone(path.to_owned()))
        }
        Err(error) => Err(FileLost::Unknown(path.to_owned(), error)),
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}
