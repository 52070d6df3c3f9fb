#![doc = include_str!("../README.md")]

mod database;
mod database_url;
mod error;
mod lists;
mod metrics;

pub mod migrations;
mod mysql;

mod queue;
mod rows;
mod schema;
mod sqlite;
#[cfg(test)]
mod support;
mod threads;

pub use database::{Database, Options, backup, check};
pub use database_url::{DatabaseUrl, DatabaseUrlError};
pub use error::OpenError;
pub use mysql::MysqlUrlError;
