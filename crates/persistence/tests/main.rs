//! Tests of the engines behind the ports.
//!
//! - `accounts`: the accounts and certificates with which each engine can be used.
//! - `contract`: the documentation of the ports of `byline-application`, sentence by
//!   sentence; `contract_suite!` generates the tests for each engine.
//! - `fake`: fake servers: malformed packets, attempts to steal the password.
//! - `mariadb`: MariaDB and MySQL: errors, round trips, servers that are cut off,
//!   killed, frozen, or refuse; `on_each_server!` generates each test for both.
//! - `servers`: servers of each engine start, are killed and start again.
//! - `server_settings`: the settings and states of servers that the service accepts:
//!   durability, states, limits, power cuts.
//! - `sqlite`: SQLite only: group commit, refusals, files.
//! - `support`: a database for each test, and blocking access to a store.
//!
//! Tests of a port's documentation belong in `contract`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod contract;
mod fake;
mod mariadb;
mod server_settings;
mod servers;
mod sqlite;
mod support;

mod on_sqlite {
    crate::contract::contract_suite!(crate::support::SqliteFixture);
}

mod on_mariadb {
    crate::contract::contract_suite!(crate::support::MariadbFixture);
}

mod on_mysql {
    crate::contract::contract_suite!(crate::support::MysqlFixture);
}
