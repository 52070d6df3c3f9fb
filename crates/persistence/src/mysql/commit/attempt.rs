//! One attempt at a job, on one connection.

use std::sync::Arc;
use std::time::Instant;

use byline_application::{AppError, Cause, Intent, RepositoryError};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::BigInt;

use crate::metrics::StoreCounters;
use crate::mysql::attempt_id::AttemptId;
use crate::mysql::connection::InsertMarker;
use crate::mysql::repository::DieselSession;
use crate::mysql::{Connection, errors};
use crate::queue::QueuedJob;

/// The outcome of an attempt.
pub(in crate::mysql) enum Outcome {
    /// The final result of the job. Its changes are durable.
    Ended(Result<(), AppError>),
    /// Nothing was changed, and another attempt may succeed.
    Undone(AppError),
    /// It may have been committed or not.
    Unknown(Cause),
    /// Nothing was changed: this server can do nothing at present.
    Unfit(AppError),
}

/// Runs the job once. `doubt` is set if an earlier attempt with this id may have been
/// committed, and taken if this attempt proves that it was not.
pub(in crate::mysql) fn run(
    connection: &mut Connection,
    job: &mut QueuedJob,
    id: AttemptId,
    doubt: &mut Option<Cause>,
    counters: &StoreCounters,
) -> Outcome {
    let outcome = match job.intent {
        Intent::Read => outcome_without_commit(run_in_session(connection, job)),
        Intent::Snapshot => run_and_roll_back(connection, job, SNAPSHOT),
        Intent::DryRun => run_and_roll_back(connection, job, BEGIN),
        Intent::Create => create(connection, job, id, doubt),
        Intent::Write => write(connection, job, id, counters),
    };
    match (outcome, doubt) {
        (Outcome::Ended(Err(error @ AppError::Unavailable(_))), None) if connection.is_unfit => {
            Outcome::Unfit(error)
        }
        (outcome, _) => outcome,
    }
}

const BEGIN: &str = "START TRANSACTION";

/// The isolation level is that of the next transaction only.
const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

fn run_and_roll_back(connection: &mut Connection, job: &mut QueuedJob, begin: &str) -> Outcome {
    if let Err(error) = connection.batch_execute(begin) {
        return outcome_without_begin(connection, error);
    }
    let result = run_in_session(connection, job);
    roll_back(connection);
    outcome_without_commit(result)
}

/// Runs a job that inserts one row by a statement that commits itself. The row
/// carries the id, so that a later attempt finds it.
fn create(
    connection: &mut Connection,
    job: &mut QueuedJob,
    id: AttemptId,
    doubt: &mut Option<Cause>,
) -> Outcome {
    connection.origin = Some(InsertMarker {
        token: id,
        repeated: doubt.is_some(),
    });
    let result = run_in_session(connection, job);
    connection.origin = None;
    match result {
        Ok(()) => Outcome::Ended(Ok(())),
        Err(AppError::OutcomeUnknown(cause)) => Outcome::Unknown(cause.unwrap_or_else(no_cause)),
        Err(error @ AppError::Contention(_)) => Outcome::Undone(error),
        // The server has answered the INSERT: it would have found the row of an
        // earlier attempt.
        Err(
            error @ (AppError::Conflict(_)
            | AppError::NotFound(_)
            | AppError::Forbidden(_)
            | AppError::PreconditionFailed(_)),
        ) => Outcome::Ended(Err(error)),
        Err(error) => match doubt.take() {
            None => Outcome::Ended(Err(error)),
            Some(cause) => Outcome::Unknown(cause),
        },
    }
}

/// Runs a job in a transaction that inserts the id first, so that
/// [`resolve_outcome`] can find out whether it was committed.
fn write(
    connection: &mut Connection,
    job: &mut QueuedJob,
    id: AttemptId,
    counters: &StoreCounters,
) -> Outcome {
    // One round trip. The literal is hexadecimal.
    let id = id.literal();
    let begin = format!("{BEGIN}; INSERT INTO write_attempts (token) VALUES ({id})");
    if let Err(error) = connection.batch_execute(&begin) {
        return outcome_without_begin(connection, error);
    }
    let result = run_in_session(connection, job);
    if result.is_err() {
        roll_back(connection);
        return outcome_without_commit(result);
    }
    let begun = Instant::now();
    if let Err(error) = connection.batch_execute("COMMIT") {
        connection.give_up();
        return match errors::classify_commit(error) {
            RepositoryError::OutcomeUnknown(cause) => Outcome::Unknown(cause),
            other => Outcome::Undone(other.into()),
        };
    }
    counters.commits.observe_time(begun.elapsed());
    Outcome::Ended(Ok(()))
}

/// Returns whether the attempt with this id was committed, by inserting the id. The
/// INSERT waits until the attempt's transaction has ended. A duplicate proves that the
/// attempt was committed; success, that it never will be, even if it still runs on
/// another node: of two transactions with the same key, a cluster certifies one.
///
/// The tombstone beside the id tells a resolution from an attempt, in case the answer
/// of the resolution is lost, too.
///
/// # Errors
///
/// [`Outcome::Unknown`] or [`Outcome::Unfit`]: it is not known yet.
pub(in crate::mysql) fn resolve_outcome(
    connection: &mut Connection,
    id: AttemptId,
) -> Result<bool, Outcome> {
    let (id, tombstone) = (id.literal(), id.tombstone().literal());
    let insert = format!("INSERT INTO write_attempts (token) VALUES ({id}), ({tombstone})");
    let error = match connection.batch_execute(&insert) {
        Ok(()) => return Ok(false),
        Err(error) => error,
    };
    if !errors::is_duplicate(&error) {
        return Err(unresolved(connection, error));
    }
    let query = format!("SELECT COUNT(*) FROM write_attempts WHERE token = {tombstone}");
    match sql::<BigInt>(&query).get_result::<i64>(connection) {
        Ok(tombstones) => Ok(tombstones == 0),
        Err(error) => Err(unresolved(connection, error)),
    }
}

fn unresolved(connection: &mut Connection, error: Error) -> Outcome {
    let is_unfit = errors::is_unfit(&error);
    connection.give_up();
    match errors::classify(error) {
        unfit @ RepositoryError::Unavailable(_) if is_unfit => Outcome::Unfit(unfit.into()),
        RepositoryError::OutcomeUnknown(cause)
        | RepositoryError::Contention(cause)
        | RepositoryError::LockTimeout(cause)
        | RepositoryError::Unavailable(cause)
        | RepositoryError::Fault(cause) => Outcome::Unknown(cause),
        other => Outcome::Unknown(Arc::new(other)),
    }
}

/// Runs the job. The result is the first error of a statement after which nothing may
/// be committed, if there is one.
fn run_in_session(connection: &mut Connection, job: &mut QueuedJob) -> Result<(), AppError> {
    let mut session = DieselSession::new(connection, job.intent);
    let result = job.run(&mut session);
    match session.failure() {
        // The job may know who holds the lock, and says so in its own error.
        Some(RepositoryError::LockTimeout(_)) if result.is_err() => result,
        Some(failure) => {
            let is_lost = matches!(
                failure,
                RepositoryError::OutcomeUnknown(_) | RepositoryError::Unavailable(_)
            );
            if is_lost {
                // The next connection may be to a server that works.
                connection.give_up();
            }
            Err(failure.into())
        }
        None => result,
    }
}

/// Returns the outcome of a job that was not committed: a connection that broke before
/// the commit was sent leaves nothing in doubt.
fn outcome_without_commit(result: Result<(), AppError>) -> Outcome {
    match result {
        Err(error @ (AppError::Contention(_) | AppError::OutcomeUnknown(_))) => {
            Outcome::Undone(error)
        }
        result => Outcome::Ended(result),
    }
}

fn outcome_without_begin(connection: &mut Connection, error: Error) -> Outcome {
    connection.give_up();
    outcome_without_commit(Err(errors::classify(error).into()))
}

/// Rolls back, or gives the connection up: the server rolls back when it is closed.
fn roll_back(connection: &mut Connection) {
    if connection.batch_execute("ROLLBACK").is_err() {
        connection.give_up();
    }
}

fn no_cause() -> Cause {
    Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(
        "the connection broke",
    ))
}
