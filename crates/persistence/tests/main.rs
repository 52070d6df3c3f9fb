//! Tests of the engines behind the ports.
//!
//! - `accounts`: which accounts each engine's servers let in, by which certificates.
//! - `contract`: what the ports of `byline-application` promise, sentence by
//!   sentence, written once and stamped for each engine by `contract_suite!`.
//! - `fake`: what answers in a server's place: wrong packets, stolen passwords.
//! - `mariadb`: MariaDB and MySQL: errors, round trips, a server that is cut off,
//!   killed, frozen, or refuses; each test stamped for both by `on_each_server!`.
//! - `servers`: that servers of each engine start, are killed and start again.
//! - `server_settings`: what a server has to be like, and what it may become while
//!   it is used: durability, states, limits, power cuts.
//! - `sqlite`: what is SQLite's own: group commit, refusals, files.
//! - `support`: a database for each test, and blocking doors to a store.
//!
//! A new promise of a port belongs into `contract`.

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
