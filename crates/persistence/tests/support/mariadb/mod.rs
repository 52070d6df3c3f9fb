//! A MariaDB server that the tests start themselves, with a data folder and a
//! port of its own. It ends with the test process, however that ends.

mod admin;
mod proxy;
mod server;

use std::sync::{Arc, OnceLock};

use byline_application::Store;
use byline_persistence::{Database, DatabaseUrl, Options, migrations};

use super::{Fixture, options};
pub(crate) use admin::Admin;
pub(crate) use proxy::{Moment, Proxy};
pub(crate) use server::{Schema, Server};

/// The server that most tests share, each with a database of its own. `None`
/// without the program.
pub(crate) fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let start = || server::is_installed().then(|| Server::start(&[]));
    SERVER.get_or_init(start).as_ref()
}

/// A server for one test, with further options.
pub(crate) fn dedicated(options: &[&str]) -> Option<Server> {
    server::is_installed().then(|| Server::start(options))
}

impl Schema {
    pub(crate) fn url(&self) -> DatabaseUrl {
        self.url_text("").parse().unwrap()
    }
}

/// A database of its own on the shared server, behind a store.
pub(crate) struct MariadbFixture {
    database: Option<Database>,
    pub(crate) schema: Schema,
}

impl MariadbFixture {
    pub(crate) fn on(server: &Server, options: &Options) -> Self {
        let schema = server.schema();
        migrations::migrate(&schema.url()).unwrap();
        let database = Some(Database::open(&schema.url(), options).unwrap());
        Self { database, schema }
    }

    /// A store on the same database, over another way to the server.
    pub(crate) fn open(url: &str, options: &Options) -> Database {
        let url: DatabaseUrl = url.parse().unwrap();
        Database::open(&url, options).unwrap()
    }

    pub(crate) fn close(&mut self) {
        self.database.take().unwrap().close();
    }
}

impl Fixture for MariadbFixture {
    fn available() -> Option<Self> {
        shared().map(|server| Self::on(server, &options(3, 1024)))
    }

    fn store(&self) -> Arc<dyn Store> {
        self.database.as_ref().unwrap().store()
    }
}
