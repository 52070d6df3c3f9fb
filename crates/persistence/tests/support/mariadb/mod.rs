//! A MariaDB server that the tests start themselves, with a data folder and a
//! port of its own. It ends with the test process, however that ends.

mod admin;
mod proxy;
mod server;

use std::sync::{Arc, Mutex, OnceLock};

use byline_application::Store;
use byline_persistence::{Database, DatabaseUrl, Options, migrations};

use super::{Fixture, options};
pub(crate) use admin::Admin;
pub(crate) use proxy::{Moment, Proxy};
pub(crate) use server::{Schema, Server};

/// How to get what is missing.
const MISSING: &str = "SKIPPED: no `mariadbd` on the PATH, so nothing of MariaDB was tested. \
    Install it (Debian: `apt-get install mariadb-server`) and run the tests again.";

/// The server that most tests share, each with a database of its own. `None`
/// without the program; then the test says so, and fails under `CI=true`.
pub(crate) fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| server::is_installed().then(|| Server::start(&[])));
    if server.is_none() {
        missing();
    }
    server.as_ref()
}

/// A server for one test, with further options.
pub(crate) fn dedicated(options: &[&str]) -> Option<Server> {
    if server::is_installed() {
        Some(Server::start(options))
    } else {
        missing();
        None
    }
}

fn missing() {
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!required, "{MISSING}");
    // Past the capture of the test harness.
    static SAID: Mutex<bool> = Mutex::new(false);
    let mut said = SAID.lock().unwrap();
    if !*said {
        *said = true;
        drop(std::fs::write("/dev/stderr", format!("\n{MISSING}\n\n")));
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
