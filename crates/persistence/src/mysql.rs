//! MySQL and MariaDB: threads that each keep a connection.

mod attempt_id;
mod cluster;
mod commit;
mod connection;
mod url;

mod dialect;
mod errors;

#[cfg(test)]
mod explain;
#[cfg(test)]
#[expect(
    clippy::duplicate_mod,
    reason = "the test is written once and run on each engine"
)]
#[path = "repository/query_plan_tests.rs"]
mod query_plan_tests;

#[expect(
    clippy::duplicate_mod,
    reason = "the repositories are written once and compiled for each engine"
)]
#[path = "repository/mod.rs"]
mod repository;
mod schema_check;

mod store;
mod thread_connection;

mod worker;

use connection::Connection;

pub(crate) use schema_check::{check, migrate, status};
pub(crate) use store::MysqlStore;
pub(crate) use url::MysqlTarget;
pub use url::MysqlUrlError;

type Pool = diesel::r2d2::Pool<connection::pool::Manager>;

/// How often a job is run before it fails because of conflicts or broken
/// connections.
const ATTEMPTS: u32 = 3;
