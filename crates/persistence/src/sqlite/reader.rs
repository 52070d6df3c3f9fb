//! Reading, on as many threads as there are connections.
//!
//! A thread takes several jobs at once when several wait, and runs them in one
//! transaction: each sees a moment after it was submitted, and SQLite takes and
//! gives back its locks once for all of them.

use std::iter;

use byline_application::{AppError, Intent, Unavailable};
use crossbeam_channel::Receiver;
use diesel::connection::TransactionManager;

use super::repository::DieselSession;
use super::worker_context::WorkerContext;
use super::{ATTEMPTS, Connection, dialect};
use crate::queue::QueuedJob;
use crate::sqlite::thread_connection::ThreadConnection;

/// The most jobs that a thread takes at once. More save little, and would wait
/// for each other while other threads idle.
const LARGEST_GROUP: usize = 16;

/// Runs what comes in until the queue is closed and empty.
pub(super) fn run(queue: &Receiver<QueuedJob>, mut lease: ThreadConnection, desk: &WorkerContext) {
    for first in queue {
        let _busy = desk.crew.at_work();
        let group: Vec<QueuedJob> = iter::once(first)
            .chain(queue.try_iter())
            .take(LARGEST_GROUP)
            .filter_map(|ticket| ticket.in_time(&desk.lane))
            .collect();
        // What is open can be read on; what would be opened now may be another file.
        let connection = if lease.holds_one() {
            lease.connection()
        } else {
            desk.files.check().and_then(|()| lease.connection())
        };
        match connection {
            Ok(connection) => answer(connection, group, desk),
            Err(cause) => {
                desk.meters.no_connections.increment();
                for ticket in group {
                    let ending = Err(Unavailable::Database(cause.clone()).into());
                    finish(ticket, ending, desk);
                }
            }
        }
    }
}

fn answer(connection: &mut Connection, mut group: Vec<QueuedJob>, desk: &WorkerContext) {
    // A lone statement is a transaction by itself.
    if let [only] = group.as_slice()
        && only.intent == Intent::Read
        && let Some(mut ticket) = group.pop()
    {
        let ending = read(connection, &mut ticket, desk);
        return finish(ticket, ending, desk);
    }
    if let Err(error) = Manager::begin_transaction(connection) {
        let error = AppError::from(dialect::classify(error));
        for ticket in group {
            finish(ticket, Err(error.clone()), desk);
        }
        return;
    }
    for mut ticket in group {
        let ending = read(connection, &mut ticket, desk);
        finish(ticket, ending, desk);
    }
    // There is nothing to commit. A failure marks the connection as broken, and
    // the lease exchanges it.
    drop(Manager::rollback_transaction(connection));
}

type Manager = <Connection as diesel::Connection>::TransactionManager;

fn finish(ticket: QueuedJob, ending: Result<(), AppError>, desk: &WorkerContext) {
    desk.vitals.note(&ending);
    ticket.finish(ending, &desk.lane);
}

fn read(
    connection: &mut Connection,
    ticket: &mut QueuedJob,
    desk: &WorkerContext,
) -> Result<(), AppError> {
    for _ in 0..ATTEMPTS {
        let ending = attempt(connection, ticket);
        if !matches!(ending, Err(AppError::Contention(_))) {
            return ending;
        }
        desk.meters.lost_conflicts.increment();
    }
    Err(Unavailable::Contention.into())
}

fn attempt(connection: &mut Connection, ticket: &mut QueuedJob) -> Result<(), AppError> {
    let mut session = DieselSession::new(connection, ticket.intent);
    let ending = ticket.run(&mut session);
    match session.failure() {
        Some(failure) if ending.is_ok() => Err(failure.into()),
        _ => ending,
    }
}
