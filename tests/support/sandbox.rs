//! A folder of a test's own, and programs that run in it.

use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::binaries::binaries;
use super::server::Server;

/// A folder that only one test uses; gone when the test ends.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("byline-").tempdir();
        Self {
            folder: folder.unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `byline`, in this folder and with no setting but its defaults and a
    /// free port.
    pub(crate) fn byline(&self) -> Command {
        let mut byline = self.command(&binaries().byline);
        byline.env("BYLINE_LISTEN", "127.0.0.1:0");
        byline
    }

    /// `bylinectl`, in this folder.
    pub(crate) fn bylinectl(&self, arguments: &[&str]) -> Command {
        let mut bylinectl = self.command(&binaries().bylinectl);
        bylinectl.args(arguments);
        bylinectl
    }

    /// A server on the default database of this folder.
    pub(crate) fn serve(&self) -> Server {
        Server::start(self.byline())
    }

    /// The default database of this folder, by the SQLite that Byline uses.
    pub(crate) fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("byline.db")).unwrap()
    }

    fn command(&self, program: &PathBuf) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("BYLINE_") || name == "DATABASE_URL" {
                command.env_remove(&*name);
            }
        }
        command
    }
}

impl Ended {
    /// Runs `command` to its end.
    pub(crate) fn of(mut command: Command) -> Self {
        command.output().unwrap().into()
    }

    /// What `command` said, if it ended well.
    pub(crate) fn well(command: Command) -> String {
        let ended = Self::of(command);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stdout
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
