//! Fixtures: a separate, empty database for a test, and its store.

use std::path::PathBuf;
use std::sync::Arc;

use byline_application::Store;
use byline_persistence::{Database, DatabaseUrl, Options, migrations};
use tempfile::TempDir;

use super::options;
use super::servers::{Engine, Schema, Server, folder, shared};

/// A database that is removed when the value is dropped.
pub(crate) trait Fixture: Sized {
    /// Returns `None` if the engine is not installed.
    fn available() -> Option<Self>;
    fn store(&self) -> Arc<dyn Store>;
}

/// A SQLite file in its own folder.
pub(crate) struct SqliteFixture {
    database: Option<Database>,
    folder: TempDir,
}

impl SqliteFixture {
    pub(crate) fn new() -> Self {
        Self::with(options(2, 1024))
    }

    pub(crate) fn with(options: Options) -> Self {
        let folder = folder("sqlite-");
        let url = DatabaseUrl::sqlite(folder.path().join("byline.db"));
        migrations::migrate(&url).unwrap();
        let database = Some(Database::open(&url, &options).unwrap());
        Self { database, folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("byline.db")
    }

    pub(crate) fn url(&self) -> DatabaseUrl {
        DatabaseUrl::sqlite(self.path())
    }

    pub(crate) fn close(&mut self) {
        self.database.take().unwrap().close();
    }
}

impl Fixture for SqliteFixture {
    fn available() -> Option<Self> {
        Some(Self::new())
    }

    fn store(&self) -> Arc<dyn Store> {
        self.database.as_ref().unwrap().store()
    }
}

impl Schema {
    pub(crate) fn url(&self) -> DatabaseUrl {
        self.url_text("").parse().unwrap()
    }
}

/// A separate database on a server.
pub(crate) struct ServerFixture {
    database: Option<Database>,
    pub(crate) schema: Schema,
}

impl ServerFixture {
    pub(crate) fn on(server: &Server, options: &Options) -> Self {
        let schema = server.schema();
        migrations::migrate(&schema.url()).unwrap();
        let database = Some(Database::open(&schema.url(), options).unwrap());
        Self { database, schema }
    }

    /// Creates a database on the server that most tests share. Returns `None` if the
    /// engine is not installed.
    pub(crate) fn of(engine: Engine) -> Option<Self> {
        shared(engine).map(|server| Self::on(server, &options(3, 1024)))
    }

    /// Opens another store on the same database, by another URL.
    pub(crate) fn open(url: &str, options: &Options) -> Database {
        let url: DatabaseUrl = url.parse().unwrap();
        Database::open(&url, options).unwrap()
    }

    pub(crate) fn close(&mut self) {
        self.database.take().unwrap().close();
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.database.as_ref().unwrap().store()
    }
}

/// Defines a fixture for [`contract_suite!`](crate::contract::contract_suite), which
/// needs a type for each engine.
macro_rules! server_fixture {
    ($fixture:ident, $engine:ident) => {
        pub(crate) struct $fixture(ServerFixture);

        impl Fixture for $fixture {
            fn available() -> Option<Self> {
                ServerFixture::of(Engine::$engine).map(Self)
            }

            fn store(&self) -> Arc<dyn Store> {
                self.0.store()
            }
        }
    };
}
server_fixture!(MariadbFixture, MariaDb);
server_fixture!(MysqlFixture, MySql);
