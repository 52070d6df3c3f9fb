//! A file that is written whole or not at all.

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

use super::identity::{folder, is_stream};
use crate::failure::Failure;

/// Which regular files an output may replace. Other kinds of files are never replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaces {
    /// None.
    Nothing,
    /// Those that are not a database.
    Text,
    /// All, unless SQLite is using them.
    Anything,
}

/// A file to write, or standard output; not created yet.
pub(crate) struct Output {
    pub(crate) path: PathBuf,
    pub(super) replaces: Replaces,
    pub(super) mode: u32,
}

/// A file that does not have its name yet; removed when dropped. It is in a temporary folder that
/// only this user can enter, so that files that SQLite puts beside it are removed with it.
pub(crate) struct Unfinished {
    file: NamedTempFile,
    _folder: TempDir,
    path: PathBuf,
    replaces: Replaces,
    mode: u32,
}

impl Output {
    /// Creates the file, empty and without its name. There is none for standard output.
    pub(crate) fn create(&self) -> Result<Option<Unfinished>, Failure> {
        if is_stream(&self.path) {
            return Ok(None);
        }
        self.unfinished()
            .map(Some)
            .map_err(|error| Failure::Write(self.path.clone(), error))
    }

    /// Writes the whole file.
    pub(crate) fn write(&self, content: &[u8]) -> Result<(), Failure> {
        let failed = |error| Failure::Write(self.path.clone(), error);
        match self.create()? {
            None => io::stdout().write_all(content).map_err(failed),
            Some(unfinished) => {
                let mut writer = unfinished.writer().map_err(failed)?;
                writer.write_all(content).map_err(failed)?;
                unfinished.finish().map(drop)
            }
        }
    }

    fn unfinished(&self) -> io::Result<Unfinished> {
        let temporary = tempfile::Builder::new()
            .prefix(".bylinectl-")
            .suffix(".partial")
            .tempdir_in(folder(&self.path))?;
        Ok(Unfinished {
            file: NamedTempFile::new_in(temporary.path())?,
            _folder: temporary,
            path: self.path.clone(),
            replaces: self.replaces,
            mode: self.mode,
        })
    }
}

impl Unfinished {
    /// Returns where the file is until it is finished.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns a writer to the file.
    pub(crate) fn writer(&self) -> io::Result<File> {
        self.file.as_file().try_clone()
    }

    /// Syncs the file to disk, and gives it its name, unless another file has got it meanwhile.
    /// Returns its length in bytes.
    pub(crate) fn finish(self) -> Result<u64, Failure> {
        refuse(&self.path, self.replaces)?;
        let path = self.path.clone();
        self.persist().map_err(|error| Failure::Write(path, error))
    }

    fn persist(self) -> io::Result<u64> {
        let file = self.file.as_file();
        file.set_permissions(Permissions::from_mode(self.mode))?;
        file.sync_all()?;
        let length = file.metadata()?.len();
        match self.replaces {
            Replaces::Nothing => self.file.persist_noclobber(&self.path)?,
            Replaces::Text | Replaces::Anything => self.file.persist(&self.path)?,
        };
        File::open(folder(&self.path))?.sync_all()?;
        Ok(length)
    }
}

/// Fails unless a file may be written to the path.
pub(super) fn refuse(path: &Path, replaces: Replaces) -> Result<(), Failure> {
    let refused = |why| Err(Failure::NoFile(path.to_owned(), why));
    let failed = |error| Failure::Write(path.to_owned(), error);
    if path.as_os_str().as_bytes().ends_with(b"/") {
        return refused("names a folder");
    }
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
        Ok(there) if there.is_symlink() => {
            return refused("is a link; name the file itself");
        }
        Ok(there) if there.is_dir() => return refused("is a folder"),
        Ok(there) if !there.is_file() => {
            return refused("is no regular file; `-` is standard output");
        }
        Ok(_) if replaces == Replaces::Nothing => return Err(Failure::Exists(path.to_owned())),
        Ok(_) if replaces == Replaces::Text && holds_database(path).map_err(failed)? => {
            return refused("is a SQLite database, which only `bylinectl backup` replaces");
        }
        Ok(_) => {}
    }
    refuse_beside(path)
}

/// Fails if the path belongs to a database beside it: SQLite would take one file for a part of
/// the other, and undo or destroy it.
pub(super) fn refuse_beside(path: &Path) -> Result<(), Failure> {
    for suffix in SUFFIXES {
        let beside = with_suffix(path, suffix);
        if fs::symlink_metadata(&beside).is_ok() {
            return Err(Failure::HoldsDatabase(path.to_owned(), beside));
        }
        let name = path.file_name().map(OsStr::as_bytes);
        let stem = name.and_then(|name| strip_suffix(name, suffix));
        if let Some(stem) = stem {
            let database = folder(path).join(stem);
            if fs::symlink_metadata(&database).is_ok() {
                return Err(Failure::HoldsDatabase(path.to_owned(), database));
            }
        }
    }
    Ok(())
}

/// The suffixes of files that SQLite puts beside a database
/// (<https://www.sqlite.org/tempfiles.html>).
const SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the name of the database that SQLite puts a file of this name beside.
fn strip_suffix<'a>(name: &'a [u8], suffix: &str) -> Option<&'a OsStr> {
    let (stem, end) = name.split_at_checked(name.len().checked_sub(suffix.len())?)?;
    let is_beside = end.eq_ignore_ascii_case(suffix.as_bytes()) && !stem.is_empty();
    is_beside.then(|| OsStr::from_bytes(stem))
}

/// Returns whether a file that is not open here is a SQLite database
/// (<https://www.sqlite.org/fileformat2.html#magic_header_string>).
fn holds_database(path: &Path) -> io::Result<bool> {
    let mut begin = Vec::new();
    File::open(path)?.take(16).read_to_end(&mut begin)?;
    Ok(begin == b"SQLite format 3\0")
}
