//! Tests of SQLite only.

mod files;
mod group_commit;
mod trouble;
