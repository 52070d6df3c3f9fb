//! What is SQLite's own.

mod direct;
mod files;
mod group_commit;
mod trouble;
