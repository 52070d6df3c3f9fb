//! Removes the attempt ids of old transactions.

use std::thread;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};

use crate::mysql::Connection;
use crate::mysql::attempt_id::AttemptId;
use crate::mysql::cluster::Cluster;
use crate::mysql::thread_connection::ThreadConnection;
use crate::queue::Route;

/// How long an id is kept: far longer than any request lasts, and than the clocks of
/// machines differ.
const RETENTION: Duration = Duration::from_secs(60 * 60);

const INTERVAL: Duration = Duration::from_secs(60);

/// Rows per transaction: few enough that it holds its locks only briefly.
const BATCH: i64 = 500;

/// The longest time that a batch may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Removes old ids once per interval until the store is closed.
pub(in crate::mysql) fn run(mut connection: ThreadConnection, cluster: &Cluster) {
    while !cluster.is_closing() {
        while !cluster.is_closing() && remove_batch(&mut connection) {}
        thread::park_timeout(INTERVAL);
    }
}

/// Removes one batch. Returns whether there may be more.
fn remove_batch(connection: &mut ThreadConnection) -> bool {
    let Ok(connection) = connection.get(Route::Write, Instant::now() + LIMIT) else {
        return false;
    };
    match remove(connection, AttemptId::older_than(RETENTION)) {
        Ok(removed) => i64::try_from(removed).is_ok_and(|removed| removed >= BATCH),
        Err(error) => {
            tracing::debug!(
                error = error.to_string(),
                "old attempt ids were not removed; the next round tries again"
            );
            false
        }
    }
}

/// Removes the oldest rows below `bound`. Locks none that are being written: new rows
/// go to the other end of the index.
fn remove(connection: &mut Connection, bound: AttemptId) -> QueryResult<usize> {
    diesel::sql_query("DELETE FROM write_attempts WHERE token < ? ORDER BY token LIMIT ?")
        .bind::<Binary, _>(bound.as_bytes())
        .bind::<BigInt, _>(BATCH)
        .execute(connection)
}
