//! What is MariaDB's and MySQL's own, and what befalls a server.

mod commit_cut;
mod crash;
mod errors;
mod refusals;
mod round_trips;
mod schema;
mod tls;
mod trouble;
