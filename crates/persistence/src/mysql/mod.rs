//! MySQL and MariaDB: threads that each hold a connection, and count the round
//! trips.

mod along;
mod attempt;
mod cluster;
mod connection;
mod connector;
mod dialect;
mod durability;
mod kill;
mod lease;
mod manager;
mod node;
mod node_state;
mod packet;
#[cfg(test)]
mod plan;
#[cfg(test)]
#[expect(
    clippy::duplicate_mod,
    reason = "the test is written once and run on each engine"
)]
#[path = "../repository/plans.rs"]
mod plans;
mod probe;
#[expect(
    clippy::duplicate_mod,
    reason = "the repositories are written once and compiled for each engine"
)]
#[path = "../repository/mod.rs"]
mod repository;
mod schema_check;
mod settings;
mod staleness;
mod store;
mod sweeper;
mod target;
mod tls;
mod token;
mod unprepared;
mod unwind;
mod worker;

use connection::Connection;

pub(crate) use schema_check::{check, migrate, status};
pub(crate) use store::MysqlStore;
pub(crate) use target::MysqlTarget;
pub use target::MysqlUrlError;

type Pool = diesel::r2d2::Pool<manager::Manager>;

/// How often a job is run before a lost conflict, or a connection that breaks
/// again and again, is given up.
const ATTEMPTS: u32 = 3;
