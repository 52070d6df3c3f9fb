//! Whether the files that are open are still those at their paths.
//!
//! A file that was deleted, moved or replaced can be written on, as long as it is
//! open, and everything written is lost when it is closed. SQLite does not look.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use byline_application::Cause;

use super::connection::Access;
use super::file::with_suffix;
use crate::OpenError;

/// Device and inode of a file.
type Identity = (u64, u64);

/// The files of a database, and which they were.
pub(super) struct FileWatch {
    database: (PathBuf, Identity),
    /// The write-ahead log and its index. They stay as long as a connection is
    /// open; which they are is known after the first commit on it.
    companions: Mutex<Vec<(PathBuf, Identity)>>,
    is_lost: AtomicBool,
    trouble: Mutex<Option<Cause>>,
}

/// Why nothing may be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileLost {
    #[error("{path} was deleted or moved; put it back, or restart the service", path = .0.display())]
    Gone(PathBuf),
    #[error("{path} is another file than the one that was opened; restart the service", path = .0.display())]
    Replaced(PathBuf),
    #[error("{path} cannot be looked at", path = .0.display())]
    Unknown(PathBuf, #[source] io::Error),
}

impl FileWatch {
    /// Notes which file is at `path` now.
    ///
    /// # Errors
    ///
    /// There is none, or it cannot be looked at.
    pub(super) fn begin(path: &Path) -> io::Result<Self> {
        Ok(Self {
            database: (path.to_owned(), identity(path)?),
            companions: Mutex::default(),
            is_lost: AtomicBool::new(false),
            trouble: Mutex::default(),
        })
    }

    /// Looks at the paths: one `stat` for each file, of which there are three.
    ///
    /// # Errors
    ///
    /// A path does not name the file that is open. Logged once.
    pub(super) fn check(&self) -> Result<(), Cause> {
        let companions = self.companions.lock();
        let companions = companions.unwrap_or_else(PoisonError::into_inner);
        let lost = std::iter::once(&self.database)
            .chain(companions.iter())
            .find_map(|(path, known)| compare(path, *known).err());
        drop(companions);
        match lost {
            None => {
                if self.is_lost.swap(false, Ordering::Relaxed) {
                    self.set(None);
                    tracing::warn!("the database file is in its place again");
                }
                Ok(())
            }
            Some(lost) => {
                let cause: Cause = Arc::new(lost);
                self.set(Some(Arc::clone(&cause)));
                if !self.is_lost.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        error = cause.to_string(),
                        "the database file was taken away; writes are refused, for they would be lost"
                    );
                }
                Err(cause)
            }
        }
    }

    /// Notes which files are beside the database, if that is not known. To be
    /// called after a commit: they are there then.
    pub(super) fn note_companions(&self) {
        let companions = self.companions.lock();
        let mut companions = companions.unwrap_or_else(PoisonError::into_inner);
        if companions.is_empty() {
            let paths = ["-wal", "-shm"].map(|suffix| with_suffix(&self.database.0, suffix));
            companions.extend(
                paths
                    .into_iter()
                    .filter_map(|path| identity(&path).ok().map(|found| (path, found))),
            );
        }
    }

    /// Forgets the files beside the database: without a connection, SQLite makes
    /// them anew.
    pub(super) fn forget_companions(&self) {
        let companions = self.companions.lock();
        companions.unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns why nothing may be written, as the last look found it.
    pub(super) fn trouble(&self) -> Option<Cause> {
        if !self.is_lost.load(Ordering::Relaxed) {
            return None;
        }
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, trouble: Option<Cause>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// A file that is read without locks, as long as nothing writes it.
pub(super) struct Unchanged<'a> {
    path: &'a Path,
    seen: Option<Stamp>,
}

/// Which file it was, its length, and when it was last written.
type Stamp = (Identity, u64, (i64, i64));

impl<'a> Unchanged<'a> {
    /// A file that is shared needs no such care.
    pub(super) fn since_now(path: &'a Path, access: Access) -> Self {
        let seen = match access {
            Access::Shared => None,
            Access::Immutable => stamp(path).ok(),
        };
        Self { path, seen }
    }

    /// # Errors
    ///
    /// [`OpenError::Changed`]
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
