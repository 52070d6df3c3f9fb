//! A MariaDB server of the tests' own: the one that the tests of
//! `crates/persistence` start.

#[path = "../../crates/persistence/tests/support/mariadb/admin.rs"]
mod admin;
#[expect(dead_code, reason = "those tests do more with it")]
#[path = "../../crates/persistence/tests/support/mariadb/proxy.rs"]
mod proxy;
#[expect(dead_code, reason = "those tests do more with it")]
#[path = "../../crates/persistence/tests/support/mariadb/server.rs"]
mod server;

use std::sync::OnceLock;

pub(crate) use admin::Admin;
pub(crate) use proxy::Proxy;
pub(crate) use server::{Schema, Server, is_installed};

/// The server that most tests share, each with a database of its own. None
/// without the program.
pub(crate) fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let start = || is_installed().then(|| Server::start(&[]));
    SERVER.get_or_init(start).as_ref()
}
