#![doc = include_str!("../README.md")]

mod database;
mod database_url;
mod error;
mod lists;
mod metrics;
mod migration_status;

pub mod migrations;
mod mysql;
mod options;

mod queue;
mod rows;
mod schema;
mod sqlite;
#[cfg(test)]
mod support;
#[cfg(test)]
mod test_entities;
mod threads;

pub use database::{Database, backup, check};
pub use database_url::{DatabaseUrl, DatabaseUrlError};
pub use error::OpenError;
pub use mysql::MysqlUrlError;
pub use options::Options;
