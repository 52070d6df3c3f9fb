//! Removing the tokens of transactions that nobody asks about any more.

use std::thread;
use std::time::{Duration, Instant};

use diesel::prelude::*;

use crate::mysql::Connection;
use crate::mysql::attempt_id::AttemptId;
use crate::mysql::cluster::{Cluster, Route};
use crate::mysql::thread_connection::ThreadConnection;

/// How long a token is kept: far longer than any request waits, and than
/// clocks of machines differ.
const RETENTION: Duration = Duration::from_secs(60 * 60);

const INTERVAL: Duration = Duration::from_secs(60);

/// Rows that go at a time: a transaction that is over before anybody notices.
const BATCH: i64 = 500;

/// The longest that a batch may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Sweeps now and then until the store is closed.
pub(in crate::mysql) fn run(mut lease: ThreadConnection, cluster: &Cluster) {
    while !cluster.is_closing() {
        while !cluster.is_closing() && sweep(&mut lease) {}
        thread::park_timeout(INTERVAL);
    }
}

/// Removes one batch; tells whether there may be more.
fn sweep(lease: &mut ThreadConnection) -> bool {
    let Ok(connection) = lease.connection(Route::Write, Instant::now() + LIMIT) else {
        return false;
    };
    match remove(connection, AttemptId::older_than(RETENTION)) {
        Ok(removed) => i64::try_from(removed).is_ok_and(|removed| removed >= BATCH),
        Err(error) => {
            tracing::debug!(
                error = error.to_string(),
                "old tokens were not swept; the next round does it"
            );
            false
        }
    }
}

/// The oldest rows below `bound`. Only rows that nobody writes are locked: what
/// is written now goes to the other end of the index.
fn remove(connection: &mut Connection, bound: AttemptId) -> QueryResult<usize> {
    diesel::sql_query("DELETE FROM write_attempts WHERE token < ? ORDER BY token LIMIT ?")
        .bind::<diesel::sql_types::Binary, _>(bound.as_bytes())
        .bind::<diesel::sql_types::BigInt, _>(BATCH)
        .execute(connection)
}
