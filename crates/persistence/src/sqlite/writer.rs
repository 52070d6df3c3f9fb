//! Writing: one thread that commits in groups.
//!
//! The jobs that wait in the queue become one transaction with one fsync, and a
//! savepoint each. The next group gathers while the disk works, so a lone write
//! waits for nothing and many writes share the cost. No job of a group is answered
//! before its commit, not even one that fails: a "taken" may rest on a row that the
//! same group is yet to commit.

use std::sync::Arc;
use std::time::Instant;

use byline_application::{AppError, Cause, Intent, RepositoryError, Unavailable};
use crossbeam_channel::Receiver;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::result::Error;

use super::thread_connection::ThreadConnection;
use super::worker_context::{WorkerContext, run_job};
use super::{ATTEMPTS, Connection, dialect};
use crate::metrics::StoreCounters;
use crate::queue::QueuedJob;

/// The largest number of jobs that share a commit: enough to make the fsync cheap,
/// few enough that the first job of a group does not wait long for the last.
const LARGEST_GROUP: usize = 256;

/// Commits jobs until the queue is closed and empty.
pub(super) fn run(
    queue: &Receiver<QueuedJob>,
    mut connection: ThreadConnection,
    context: &WorkerContext,
) {
    for first in queue {
        let _busy = context.threads.busy();
        let mut group = QueuedJob::take_group(first, queue, LARGEST_GROUP);
        if group.is_empty() {
            continue;
        }
        let results = open(&mut connection, context)
            .map_err(|cause| Unavailable::Database(cause).into())
            .and_then(|connection| commit(connection, &mut group, &context.counters));
        match results {
            Ok(results) => {
                context.files.note_companions();
                context.health.note(&Ok(()));
                for (job, result) in group.into_iter().zip(results) {
                    job.finish(result);
                }
            }
            Err(error) => {
                context.health.note(&Err(error.clone()));
                for job in group {
                    job.finish(Err(error.clone()));
                }
            }
        }
    }
}

/// Returns the thread's connection, if the database is still the file at its path.
fn open<'c>(
    connection: &'c mut ThreadConnection,
    context: &WorkerContext,
) -> Result<&'c mut Connection, Cause> {
    context.files.check()?;
    if !connection.is_open() {
        context.files.forget_companions();
    }
    let connection = connection.get();
    connection.inspect_err(|_| context.counters.no_connections.increment())
}

/// Runs the group in one transaction, and returns the result of each job. After an error,
/// nothing of the group is stored.
fn commit(
    connection: &mut Connection,
    group: &mut [QueuedJob],
    counters: &StoreCounters,
) -> Result<Vec<Result<(), AppError>>, AppError> {
    // IMMEDIATE takes the write lock now. A transaction that reads first and writes
    // later would lose against another process without waiting.
    AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")
        .map_err(|error| Unavailable::Database(Arc::new(error)))?;
    let results = group
        .iter_mut()
        .map(|job| run_in_savepoint(connection, job, counters))
        .collect::<Result<Vec<_>, _>>();
    let results = match results {
        Ok(results) => results,
        Err(lost) => {
            // Fails if SQLite has rolled back already, and marks the connection as
            // broken then; the cause is `lost` either way.
            drop(AnsiTransactionManager::rollback_transaction(connection));
            return Err(lost.into());
        }
    };
    let begun = Instant::now();
    AnsiTransactionManager::commit_transaction(connection)
        .map_err(|error| dialect::classify_commit(first_cause(error)))?;
    counters.commits.observe_time(begun.elapsed());
    counters
        .groups
        .observe(u64::try_from(results.len()).unwrap_or(u64::MAX));
    Ok(results)
}

/// Runs one job, so that its failure undoes only its own changes. Returns an error if SQLite
/// has given up the whole transaction (disk full, I/O error).
fn run_in_savepoint(
    connection: &mut Connection,
    job: &mut QueuedJob,
    counters: &StoreCounters,
) -> Result<Result<(), AppError>, RepositoryError> {
    for _ in 0..ATTEMPTS {
        AnsiTransactionManager::begin_transaction(connection).map_err(dialect::classify)?;
        let (result, failure) = run_job(connection, job);
        let ended = if result.is_ok() && job.intent != Intent::DryRun {
            AnsiTransactionManager::commit_transaction(connection)
        } else {
            AnsiTransactionManager::rollback_transaction(connection)
        };
        // The statement's error says why the savepoint is gone.
        ended.map_err(|error| failure.unwrap_or_else(|| dialect::classify(error)))?;
        if !matches!(result, Err(AppError::Contention(_))) {
            return Ok(result);
        }
        counters.lost_conflicts.increment();
    }
    Ok(Err(Unavailable::Contention.into()))
}

/// Diesel rolls back after a failed commit. If that fails too, the error of the
/// commit is the one to report.
fn first_cause(error: Error) -> Error {
    match error {
        Error::RollbackErrorOnCommit { commit_error, .. } => *commit_error,
        other => other,
    }
}
