//! MariaDB and MySQL servers that the tests start, each with its own data folder and port.
//! They end with the test process, even if that is killed.

mod admin;
mod engine;
mod port;
mod proxy;
mod run;
mod server;

use std::sync::OnceLock;

pub(crate) use admin::Admin;
pub(crate) use engine::Engine;
pub(crate) use port::Port;
pub(crate) use proxy::{Moment, Proxy};
pub(crate) use run::folder;
pub(crate) use server::{Schema, Server};

/// Returns the server that most tests share, each with a separate database, or `None` if
/// the engine is not installed.
pub(crate) fn shared(engine: Engine) -> Option<&'static Server> {
    static MARIADB: OnceLock<Option<Server>> = OnceLock::new();
    static MYSQL: OnceLock<Option<Server>> = OnceLock::new();
    let server = match engine {
        Engine::MariaDb => &MARIADB,
        Engine::MySql => &MYSQL,
    };
    server.get_or_init(|| dedicated(engine, &[])).as_ref()
}

/// Starts a server for one test, with further options. Returns `None` if the engine is not
/// installed.
pub(crate) fn dedicated(engine: Engine, options: &[&str]) -> Option<Server> {
    engine
        .is_installed()
        .then(|| Server::start(engine, options))
}

/// Generates tests for each engine from functions of an [`Engine`].
macro_rules! on_each_server {
    ($($test:ident,)+) => {
        mod on_mariadb {
            $(
                #[test]
                fn $test() {
                    super::$test($crate::support::servers::Engine::MariaDb);
                }
            )+
        }
        mod on_mysql {
            $(
                #[test]
                fn $test() {
                    super::$test($crate::support::servers::Engine::MySql);
                }
            )+
        }
    };
}
pub(crate) use on_each_server;
