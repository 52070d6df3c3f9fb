//! Reading, on as many threads as there are connections.
//!
//! A thread takes several jobs at once when several wait, and runs them in one
//! transaction: each job sees a moment after its submission, and SQLite takes and
//! releases its locks once for all of them.

use byline_application::{AppError, Intent, Unavailable};
use crossbeam_channel::Receiver;
use diesel::connection::TransactionManager;

use super::thread_connection::ThreadConnection;
use super::worker_context::{WorkerContext, run_job};
use super::{ATTEMPTS, Connection, dialect};
use crate::queue::QueuedJob;

type Manager = <Connection as diesel::Connection>::TransactionManager;

/// The largest number of jobs that a thread takes at once. More would save little,
/// and would wait for each other while other threads idle.
const LARGEST_GROUP: usize = 16;

/// Runs jobs until the queue is closed and empty.
pub(super) fn run(
    queue: &Receiver<QueuedJob>,
    mut connection: ThreadConnection,
    context: &WorkerContext,
) {
    for first in queue {
        let _busy = context.threads.busy();
        let group = QueuedJob::take_group(first, queue, LARGEST_GROUP);
        // An open file can still be read; the path may name another file by now.
        let connection = if connection.is_open() {
            connection.get()
        } else {
            context.files.check().and_then(|()| connection.get())
        };
        match connection {
            Ok(connection) => run_group(connection, group, context),
            Err(cause) => {
                context.counters.no_connections.increment();
                finish_all(group, &Unavailable::Database(cause).into(), context);
            }
        }
    }
}

fn run_group(connection: &mut Connection, group: Vec<QueuedJob>, context: &WorkerContext) {
    // A lone statement is a transaction by itself.
    let in_transaction = !matches!(group.as_slice(), [only] if only.intent == Intent::Read);
    if in_transaction && let Err(error) = Manager::begin_transaction(connection) {
        return finish_all(group, &dialect::classify(error).into(), context);
    }
    for mut job in group {
        let result = run_with_retries(connection, &mut job, context);
        finish(job, result, context);
    }
    if in_transaction {
        // There is nothing to commit. A failure marks the connection as broken, and
        // it is replaced.
        drop(Manager::rollback_transaction(connection));
    }
}

fn run_with_retries(
    connection: &mut Connection,
    job: &mut QueuedJob,
    context: &WorkerContext,
) -> Result<(), AppError> {
    for _ in 0..ATTEMPTS {
        let (result, _) = run_job(connection, job);
        if !matches!(result, Err(AppError::Contention(_))) {
            return result;
        }
        context.counters.lost_conflicts.increment();
    }
    Err(Unavailable::Contention.into())
}

fn finish(job: QueuedJob, result: Result<(), AppError>, context: &WorkerContext) {
    context.health.note(&result);
    job.finish(result);
}

fn finish_all(group: Vec<QueuedJob>, error: &AppError, context: &WorkerContext) {
    for job in group {
        finish(job, Err(error.clone()), context);
    }
}
