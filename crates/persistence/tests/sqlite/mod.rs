//! What is SQLite's own.

mod files;
mod group_commit;
mod trouble;
