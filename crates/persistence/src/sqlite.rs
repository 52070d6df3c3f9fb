//! SQLite: concurrent readers, and one writer that commits in groups.

mod backup;
mod connection;
mod dialect;
#[cfg(test)]
mod explain;
mod file;
mod file_watch;
mod list_indexes;
#[cfg(test)]
#[path = "repository/query_plan_tests.rs"]
mod query_plan_tests;
mod reader;
#[path = "repository/mod.rs"]
mod repository;
mod schema_check;
mod store;
mod thread_connection;
mod trouble;
mod worker_context;
mod writer;

pub(crate) use backup::backup;
pub(crate) use connection::Role;
pub(crate) use file::files;
pub(crate) use schema_check::{check, migrate, status};
pub(crate) use store::SqliteStore;

type Connection = diesel::SqliteConnection;
type Pool = diesel::r2d2::Pool<diesel::r2d2::ConnectionManager<Connection>>;

/// How often a job is run before it fails because of conflicts.
const ATTEMPTS: usize = 3;
