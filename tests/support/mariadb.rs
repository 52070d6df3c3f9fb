//! A MariaDB server of the tests' own: the one that the tests of
//! `crates/persistence` start.

#[expect(dead_code, reason = "those tests do more with it")]
#[path = "../../crates/persistence/tests/support/mariadb/admin.rs"]
mod admin;
#[expect(dead_code, reason = "those tests do more with it")]
#[path = "../../crates/persistence/tests/support/mariadb/server.rs"]
mod server;

pub(crate) use admin::Admin;
pub(crate) use server::{Server, is_installed};
