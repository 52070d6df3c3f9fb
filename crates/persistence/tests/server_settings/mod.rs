//! The settings and states of servers that the service accepts, or handles.

mod durability;
mod interrupted;
mod limits;
mod power_cut;
mod states;

use byline_persistence::{Database, DatabaseUrl};

use crate::support::options;

/// Durability as by default, with a binary log that is flushed.
const DURABLE: [&str; 4] = [
    "--innodb-flush-method=fsync",
    "--log-bin=binlog",
    "--server-id=1",
    "--sync-binlog=1",
];

/// Returns why a store cannot be opened with this URL.
fn refusal(url: &str) -> String {
    let url: DatabaseUrl = url.parse().unwrap();
    let Err(error) = Database::open(&url, &options(1, 16)) else {
        panic!("it was opened");
    };
    causes(&error)
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
