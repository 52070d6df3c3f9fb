//! Tests of MariaDB and MySQL: their errors, and servers in trouble.

mod commit_cut;
mod crash;
mod errors;
mod refusals;
mod round_trips;
mod schema;
mod tls;
mod trouble;
