//! The files of a database, and the names under which it must not be opened.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::OpenError;

/// The suffixes of the files that SQLite keeps beside a database
/// (<https://www.sqlite.org/tempfiles.html>).
const SUFFIXES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Returns the file at `path` and those beside it. SQLite follows links before it
/// names these.
pub(crate) fn files(path: &Path) -> Vec<PathBuf> {
    let path = resolve(path);
    let beside = SUFFIXES.map(|suffix| with_suffix(&path, suffix));
    std::iter::once(path).chain(beside).collect()
}

/// Returns the path with `suffix` appended to its file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the path that SQLite opens for `path`. It also follows links to files that
/// do not exist, and creates these.
fn resolve(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else {
            break;
        };
        path.pop();
        path.push(target);
    }
    if let Ok(path) = fs::canonicalize(&path) {
        return path;
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new(".")));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// The longest chain of links that Linux follows.
const MOST_LINKS: usize = 40;

/// Refuses names under which SQLite would damage a database: that of a file beside another
/// database, and one of several names of a file, which would have a separate log under each
/// (<https://www.sqlite.org/howtocorrupt.html#_multiple_links_to_a_file>).
pub(super) fn refuse_misleading_name(path: &Path) -> Result<(), OpenError> {
    let is_linked = fs::metadata(path).is_ok_and(|file| file.is_file() && file.nlink() > 1);
    if is_linked {
        return Err(OpenError::Linked(path.to_owned()));
    }
    let path = resolve(path);
    for suffix in SUFFIXES {
        let name = path.as_os_str().as_bytes();
        let name = name.strip_suffix(suffix.as_bytes());
        if let Some(database) = name.map(|name| Path::new(OsStr::from_bytes(name)))
            && database.is_file()
        {
            return Err(OpenError::Beside(path.clone(), database.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::connection::open;

    #[test]
    fn a_database_has_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byline.db");
        drop(open(&path, true).unwrap());
        let other = folder.path().join("other.db");
        fs::hard_link(&path, &other).unwrap();
        for path in [&path, &other] {
            let error = open(path, false).err().unwrap();
            assert!(matches!(error, OpenError::Linked(_)), "{error}");
        }
        fs::remove_file(&other).unwrap();
        std::os::unix::fs::symlink(&path, &other).unwrap();
        drop(open(&other, false).unwrap());
        assert_eq!(files(&other), files(&path));
    }

    #[test]
    fn a_file_beside_a_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byline.db");
        let beside = files(&path).split_off(1);
        drop(open(&path, true).unwrap());
        let link = folder.path().join("link");
        for path in beside {
            // SQLite would create the target of the link.
            std::os::unix::fs::symlink(path.file_name().unwrap(), &link).unwrap();
            for name in [&path, &link] {
                let error = open(name, true).err().unwrap();
                assert!(matches!(error, OpenError::Beside(..)), "{error}");
                assert!(!path.exists());
            }
            fs::remove_file(&link).unwrap();
        }
        drop(open(&folder.path().join("another.db-wal"), true).unwrap());
    }

    #[test]
    fn a_name_need_not_be_utf8() {
        let folder = tempfile::tempdir().unwrap();
        for name in [&b"caf\xe9.db"[..], b"a b%20?c#d.db", "Привет.db".as_bytes()] {
            let path = folder.path().join(OsStr::from_bytes(name));
            drop(open(&path, true).unwrap());
            assert!(path.exists(), "{}", path.display());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
