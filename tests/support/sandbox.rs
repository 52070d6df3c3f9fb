//! A folder and a database of a test's own, and programs that run on them.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::binaries::binaries;
use super::eventually;
use super::server::Server;
use super::servers::{Engine, Schema, folder, shared};

/// A folder and a database that only one test uses; gone when the test ends.
pub(crate) struct Sandbox {
    folder: TempDir,
    /// None: the default database of the folder.
    schema: Option<Schema>,
}

/// What a program said and how it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Stamps tests, functions of a [`Sandbox`], for each engine.
macro_rules! on_each_engine {
    ($($test:ident,)+) => {
        mod on_sqlite {
            $(
                #[test]
                fn $test() {
                    super::$test(&$crate::support::Sandbox::new());
                }
            )+
        }
        mod on_mariadb {
            $(
                #[test]
                fn $test() {
                    let engine = $crate::support::servers::Engine::MariaDb;
                    let sandbox = $crate::support::Sandbox::on_server(engine);
                    let Some(sandbox) = sandbox else { return };
                    super::$test(&sandbox);
                }
            )+
        }
        mod on_mysql {
            $(
                #[test]
                fn $test() {
                    let engine = $crate::support::servers::Engine::MySql;
                    let sandbox = $crate::support::Sandbox::on_server(engine);
                    let Some(sandbox) = sandbox else { return };
                    super::$test(&sandbox);
                }
            )+
        }
    };
}
pub(crate) use on_each_engine;

impl Sandbox {
    /// On SQLite.
    pub(crate) fn new() -> Self {
        Self::on(None)
    }

    /// On a migrated database of the server that the tests share. None
    /// where the engine is not installed.
    pub(crate) fn on_server(engine: Engine) -> Option<Self> {
        let sandbox = Self::on(Some(shared(engine)?.schema()));
        Ended::well(sandbox.bylinectl(&["migrate"]));
        Some(sandbox)
    }

    fn on(schema: Option<Schema>) -> Self {
        Self {
            folder: folder("sandbox-"),
            schema,
        }
    }

    /// Whether the database is on a server, not in a file of SQLite.
    pub(crate) fn is_on_server(&self) -> bool {
        self.schema.is_some()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `byline`, in this folder and with no setting but its defaults and free
    /// ports.
    pub(crate) fn byline(&self) -> Command {
        let mut byline = self.command(&binaries().byline);
        byline.env("BYLINE_LISTEN", "127.0.0.1:0");
        byline.env("BYLINE_ADMIN_LISTEN", "127.0.0.1:0");
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

    /// The first column of all rows that a query gives, as text, past the
    /// service.
    pub(crate) fn column(&self, query: &str) -> Vec<String> {
        if let Some(schema) = &self.schema {
            return schema.admin().column(query);
        }
        let sqlite = self.sqlite();
        let mut statement = sqlite.prepare(query).unwrap();
        let text = |row: &rusqlite::Row<'_>| match row.get_ref(0)? {
            rusqlite::types::ValueRef::Integer(number) => Ok(number.to_string()),
            other => Ok(other.as_str()?.to_owned()),
        };
        let rows = statement.query_map((), text).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// How many rows a table has.
    pub(crate) fn count(&self, table: &str) -> usize {
        let counted = self.column(&format!("SELECT count(*) FROM {table}"));
        counted[0].parse().unwrap()
    }

    /// Runs statements past the service.
    pub(crate) fn execute(&self, statement: &str) {
        match &self.schema {
            Some(schema) => schema.admin().run(statement),
            None => self.sqlite().execute_batch(statement).unwrap(),
        }
    }

    /// Waits until the database has ended what a service that was killed had
    /// begun there. SQLite works within the service and ends with it.
    pub(crate) fn settle(&self) {
        if let Some(schema) = &self.schema {
            let mut admin = schema.admin();
            let open = format!(
                "SELECT count(*) FROM information_schema.processlist WHERE user = '{}'",
                schema.name
            );
            eventually("no connection is left", || admin.number(&open) == 0);
        }
    }

    /// The default database of this folder, by the SQLite that Byline uses.
    pub(crate) fn sqlite(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("byline.db")).unwrap()
    }

    fn command(&self, program: &PathBuf) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            let is_setting = ["BYLINE_", "OTEL_", "DATABASE_URL"]
                .iter()
                .any(|start| name.starts_with(start));
            if is_setting {
                command.env_remove(&*name);
            }
        }
        if let Some(schema) = &self.schema {
            command.env("DATABASE_URL", schema.url_text(""));
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
