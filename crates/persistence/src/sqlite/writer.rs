//! Writing: one thread that commits in groups.
//!
//! What waits in the queue becomes one transaction with one fsync, a savepoint
//! for each job. While the disk works the next group gathers by itself, so a
//! lone write waits for nothing and a crowd shares the cost. Nobody in a group
//! is answered before its commit, refusals included: a "taken" may rest on a
//! row that the same group is yet to commit.

use std::iter;
use std::time::Instant;

use byline_application::{AppError, Cause, Intent, RepositoryError, Unavailable};
use crossbeam_channel::Receiver;
use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::result::Error;

use super::repository::DieselSession;
use super::worker_context::WorkerContext;
use super::{ATTEMPTS, Connection, dialect};
use crate::metrics::StoreCounters;
use crate::queue::QueuedJob;
use crate::sqlite::thread_connection::ThreadConnection;

/// The most jobs that share a commit: enough to make the fsync cheap, few
/// enough that the first in a group does not wait long for the last.
const LARGEST_GROUP: usize = 256;

/// Commits what comes in until the queue is closed and empty.
pub(super) fn run(queue: &Receiver<QueuedJob>, mut lease: ThreadConnection, desk: &WorkerContext) {
    for first in queue {
        let _busy = desk.crew.at_work();
        let mut group: Vec<QueuedJob> = iter::once(first)
            .chain(queue.try_iter())
            .take(LARGEST_GROUP)
            .filter_map(|ticket| ticket.in_time(&desk.lane))
            .collect();
        if group.is_empty() {
            continue;
        }
        let endings = match desk.files.check().and_then(|()| writable(&mut lease, desk)) {
            Ok(connection) => {
                let endings = commit(connection, &mut group, &desk.meters);
                if endings.is_ok() {
                    desk.files.note_companions();
                }
                endings
            }
            Err(cause) => Err(Unavailable::Database(cause).into()),
        };
        answer(group, endings, desk);
    }
}

/// The thread's connection; which files are beside the database is noted for each.
fn writable<'l>(
    lease: &'l mut ThreadConnection,
    desk: &WorkerContext,
) -> Result<&'l mut Connection, Cause> {
    if !lease.holds_one() {
        desk.files.forget_companions();
    }
    lease
        .connection()
        .inspect_err(|_| desk.meters.no_connections.increment())
}

/// Tells everybody how their own job ended, or that the group is lost.
fn answer(group: Vec<QueuedJob>, endings: Result<Vec<JobEnding>, AppError>, desk: &WorkerContext) {
    match endings {
        Ok(endings) => {
            desk.vitals.note(&Ok(()));
            for (ticket, ending) in group.into_iter().zip(endings) {
                ticket.finish(ending, &desk.lane);
            }
        }
        Err(error) => {
            desk.vitals.note(&Err(error.clone()));
            for ticket in group {
                ticket.finish(Err(error.clone()), &desk.lane);
            }
        }
    }
}

type JobEnding = Result<(), AppError>;

/// Runs the group in one transaction. An error is everybody's: nothing of the
/// group is stored.
fn commit(
    connection: &mut Connection,
    group: &mut [QueuedJob],
    meters: &StoreCounters,
) -> Result<Vec<JobEnding>, AppError> {
    // IMMEDIATE takes the write lock now: a transaction that reads first and
    // writes then would lose against another process without any waiting.
    AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")
        .map_err(|error| Unavailable::Database(std::sync::Arc::new(error)))?;
    let mut endings = Vec::with_capacity(group.len());
    for ticket in group {
        match in_savepoint(connection, ticket, meters) {
            Ok(ending) => endings.push(ending),
            Err(lost) => {
                // Fails when SQLite has rolled back already, and marks the
                // connection as broken then; the cause is `lost` either way.
                drop(AnsiTransactionManager::rollback_transaction(connection));
                return Err(lost.into());
            }
        }
    }
    let begun = Instant::now();
    AnsiTransactionManager::commit_transaction(connection)
        .map_err(|error| dialect::classify_commit(first_cause(error)))?;
    meters.commits.observe_time(begun.elapsed());
    meters
        .groups
        .observe(u64::try_from(endings.len()).unwrap_or(u64::MAX));
    Ok(endings)
}

/// Runs one job, so that its failure undoes nothing but itself. An error means
/// that SQLite has given up the whole transaction (disk full, I/O error).
fn in_savepoint(
    connection: &mut Connection,
    ticket: &mut QueuedJob,
    meters: &StoreCounters,
) -> Result<JobEnding, RepositoryError> {
    for _ in 0..ATTEMPTS {
        AnsiTransactionManager::begin_transaction(connection).map_err(dialect::classify)?;
        let mut session = DieselSession::new(connection, ticket.intent);
        let mut ending = ticket.run(&mut session);
        let failure = session.failure();
        if let (Ok(()), Some(failure)) = (&ending, &failure) {
            ending = Err(failure.clone().into());
        }
        let ended = if ending.is_ok() && ticket.intent != Intent::DryRun {
            AnsiTransactionManager::commit_transaction(connection)
        } else {
            AnsiTransactionManager::rollback_transaction(connection)
        };
        // The statement's error says why the savepoint is gone.
        ended.map_err(|error| failure.unwrap_or_else(|| dialect::classify(error)))?;
        if !matches!(ending, Err(AppError::Contention(_))) {
            return Ok(ending);
        }
        meters.lost_conflicts.increment();
    }
    Ok(Err(Unavailable::Contention.into()))
}

/// Diesel rolls back after a failed commit; when that fails too, the commit's
/// error is the one that counts.
fn first_cause(error: Error) -> Error {
    match error {
        Error::RollbackErrorOnCommit { commit_error, .. } => *commit_error,
        other => other,
    }
}
