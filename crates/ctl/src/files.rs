//! The files that a command reads or writes.
//!
//! A command registers its files with [`Files`] before it opens any of them or the database. A
//! command that would read one file twice, or overwrite a file that it reads, fails at this
//! point: nothing has been read or written yet.

mod identity;
mod input;
mod output;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use byline_persistence::DatabaseUrl;
use rustix::fs::fstat;
use rustix::stdio::{stderr, stdin, stdout};

pub(crate) use identity::is_stream;
use identity::{Identity, Node};
pub(crate) use input::{At, Input, Opened};
pub(crate) use output::{Output, Replaces, Unfinished};

use crate::failure::Failure;

/// The files of a command.
pub(crate) struct Files {
    databases: Vec<(PathBuf, Identity)>,
    used: Vec<Used>,
    /// The permissions of files that are written from the database.
    mode: u32,
}

/// A file that is read or written.
struct Used {
    path: PathBuf,
    identity: Identity,
    is_input: bool,
}

/// The permissions of files from the database of a server, or from none.
const PRIVATE: u32 = 0o600;

impl Files {
    /// Registers the databases of a command. Files are written from the first. The standard
    /// streams must not be files of a database.
    pub(crate) fn of(databases: &[&DatabaseUrl]) -> Result<Self, Failure> {
        let mut named = Vec::new();
        for path in databases.iter().flat_map(|url| url.files()) {
            named.push((path.clone(), Identity::of_path(&path)));
        }
        let mode = named
            .first()
            .and_then(|(path, _)| fs::metadata(path).ok())
            .map_or(PRIVATE, |file| mode(&file));
        let files = Self {
            databases: named,
            used: Vec::new(),
            mode,
        };
        for (name, status) in [
            ("standard input", fstat(stdin())),
            ("standard output", fstat(stdout())),
            ("standard error", fstat(stderr())),
        ] {
            if let Ok(status) = status {
                let identity = Identity::of_stream(Node::of_status(&status));
                files.refuse_database(Path::new(name), &identity)?;
            }
        }
        Ok(files)
    }

    /// Registers a file that is read; `-` is standard input.
    pub(crate) fn input(&mut self, path: &Path) -> Result<Input, Failure> {
        let failed = |error| Failure::Input(path.to_owned(), error);
        let node = if is_stream(path) {
            let status = fstat(stdin()).map_err(io::Error::from).map_err(failed)?;
            Node::of_status(&status)
        } else {
            let file = fs::metadata(path).map_err(failed)?;
            if file.is_dir() {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            Node::of_file(&file)
        };
        self.note(path, Identity::of_stream(node), true)?;
        // The output of the command must not be appended to the file that it reads.
        if let Ok(status) = fstat(stdout()) {
            let output = Node::of_status(&status);
            if output == node && node.is_regular {
                return Err(Failure::SameFile(path.to_owned(), "standard output".into()));
            }
        }
        let path = path.to_owned();
        Ok(Input { path, node })
    }

    /// Registers a file that is written; `-` is standard output.
    pub(crate) fn output(&mut self, path: &Path, replaces: Replaces) -> Result<Output, Failure> {
        if is_stream(path) {
            let status = fstat(stdout()).map_err(io::Error::from);
            let status = status.map_err(|error| Failure::Write(path.to_owned(), error))?;
            let node = Node::of_status(&status);
            self.note(path, Identity::of_stream(node), false)?;
        } else {
            // Checked first, so that the database is reported as such, whatever its path.
            self.note(path, Identity::of_path(path), false)?;
            output::refuse(path, replaces)?;
        }
        Ok(Output {
            path: path.to_owned(),
            replaces,
            mode: self.mode,
        })
    }

    /// Registers a folder that is created, with its ancestors.
    pub(crate) fn folder(&self, path: &Path) -> Result<(), Failure> {
        for folder in path.ancestors() {
            self.refuse_database(folder, &Identity::of_path(folder))?;
            output::refuse_beside(folder)?;
        }
        Ok(())
    }

    /// Returns whether both URLs name the same database.
    pub(crate) fn are_same(one: &DatabaseUrl, other: &DatabaseUrl) -> bool {
        let first = |url: &DatabaseUrl| url.files().first().map(|path| Identity::of_path(path));
        one == other
            || matches!((first(one), first(other)), (Some(one), Some(other)) if one.is(&other))
    }

    fn note(&mut self, path: &Path, identity: Identity, is_input: bool) -> Result<(), Failure> {
        self.refuse_database(path, &identity)?;
        for used in &self.used {
            // A terminal or a socket may be read and written.
            let clash = used.is_input == is_input || identity.is_regular();
            if clash && used.identity.is(&identity) {
                let other = used.path.display().to_string();
                return Err(Failure::SameFile(path.to_owned(), other));
            }
        }
        self.used.push(Used {
            path: path.to_owned(),
            identity,
            is_input,
        });
        Ok(())
    }

    fn refuse_database(&self, path: &Path, identity: &Identity) -> Result<(), Failure> {
        let mut databases = self.databases.iter();
        match databases.find(|(_, database)| database.is(identity)) {
            Some((database, _)) => Err(Failure::OfDatabase(path.to_owned(), database.clone())),
            None => Ok(()),
        }
    }
}

/// Returns who may read and write the file.
fn mode(file: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    file.permissions().mode() & 0o666
}
