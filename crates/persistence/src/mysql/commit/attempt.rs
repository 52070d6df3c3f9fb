//! One attempt at a job, on one connection.

use std::time::Instant;

use byline_application::{AppError, Cause, Intent, RepositoryError};
use diesel::QueryResult;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::metrics::StoreCounters;
use crate::mysql::attempt_id::AttemptId;
use crate::mysql::connection::InsertMarker;
use crate::mysql::repository::DieselSession;
use crate::mysql::{Connection, errors};
use crate::queue::QueuedJob;

/// What an attempt came to.
pub(in crate::mysql) enum Outcome {
    /// The job has ended so, for good. What it changed is durable.
    Ended(Result<(), AppError>),
    /// Surely nothing was changed, and another attempt may succeed.
    Undone(AppError),
    /// It may have been committed or not.
    Unknown(Cause),
    /// Surely nothing was changed: this server can do nothing at present.
    Unfit(AppError),
}

/// Runs the job once. `doubt` tells whether an earlier attempt to create with
/// this token may have been committed; it ends when this attempt proves the
/// contrary.
pub(in crate::mysql) fn run(
    connection: &mut Connection,
    ticket: &mut QueuedJob,
    token: AttemptId,
    doubt: &mut Option<Cause>,
    meters: &StoreCounters,
) -> Outcome {
    let outcome = run_once(connection, ticket, token, doubt, meters);
    match (outcome, doubt) {
        (Outcome::Ended(Err(error @ AppError::Unavailable(_))), None) if connection.is_unfit() => {
            Outcome::Unfit(error)
        }
        (outcome, _) => outcome,
    }
}

fn run_once(
    connection: &mut Connection,
    ticket: &mut QueuedJob,
    token: AttemptId,
    doubt: &mut Option<Cause>,
    meters: &StoreCounters,
) -> Outcome {
    match ticket.intent {
        Intent::Read => uncommitted(in_session(connection, ticket)),
        Intent::Snapshot => undone(connection, ticket, SNAPSHOT),
        Intent::DryRun => undone(connection, ticket, BEGIN),
        Intent::Create => create(connection, ticket, token, doubt),
        Intent::Write => write(connection, ticket, token, meters),
    }
}

const BEGIN: &str = "START TRANSACTION";

/// The isolation level is that of the next transaction only.
const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Runs the job in a transaction that is rolled back at the end.
fn undone(connection: &mut Connection, ticket: &mut QueuedJob, begin: &str) -> Outcome {
    if let Err(error) = connection.batch_execute(begin) {
        return not_begun(connection, error);
    }
    let ending = in_session(connection, ticket);
    roll_back(connection);
    uncommitted(ending)
}

/// Runs a job that inserts one row by a statement that commits itself. The row
/// carries the token: a later attempt runs into it.
fn create(
    connection: &mut Connection,
    ticket: &mut QueuedJob,
    token: AttemptId,
    doubt: &mut Option<Cause>,
) -> Outcome {
    connection.set_origin(Some(InsertMarker {
        token,
        repeated: doubt.is_some(),
    }));
    let ending = in_session(connection, ticket);
    connection.set_origin(None);
    match ending {
        Ok(()) => Outcome::Ended(Ok(())),
        Err(AppError::OutcomeUnknown(cause)) => Outcome::Unknown(cause.unwrap_or_else(no_cause)),
        Err(error @ AppError::Contention(_)) => Outcome::Undone(error),
        // The insertion has been answered: the row of an earlier attempt would
        // have been found.
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

/// Runs a job in a transaction whose first row is the token, so that
/// [`resolve_outcome`] can find out what became of it.
fn write(
    connection: &mut Connection,
    ticket: &mut QueuedJob,
    token: AttemptId,
    meters: &StoreCounters,
) -> Outcome {
    // One round trip. The literal is hexadecimal.
    let begin = format!(
        "{BEGIN}; INSERT INTO write_attempts (token) VALUES ({})",
        token.literal()
    );
    if let Err(error) = connection.batch_execute(&begin) {
        return not_begun(connection, error);
    }
    let ending = in_session(connection, ticket);
    if ending.is_err() {
        roll_back(connection);
        return uncommitted(ending);
    }
    let begun = Instant::now();
    match connection
        .batch_execute("COMMIT")
        .map_err(errors::classify_commit)
    {
        Ok(()) => {
            meters.commits.observe_time(begun.elapsed());
            Outcome::Ended(Ok(()))
        }
        Err(error) => {
            connection.give_up();
            match error {
                RepositoryError::OutcomeUnknown(cause) => Outcome::Unknown(cause),
                other => Outcome::Undone(other.into()),
            }
        }
    }
}

/// What has become of an attempt that may have been committed or not.
pub(in crate::mysql) enum Settled {
    /// It was committed.
    Committed,
    /// It was not, and never will be.
    Never,
    /// That is not known yet.
    Unknown(Cause),
    /// The same, and this server can do nothing at present.
    Unfit(AppError),
}

/// Takes the place of the attempt with this token. Whoever inserts the token
/// waits for the attempt's transaction to end. A duplicate proves that it was
/// committed; success, that it never will be, on whatever node of a cluster it
/// may still be under way: of two transactions with the same key a cluster
/// certifies one.
///
/// The mark beside the token tells this from an attempt, should the answer get
/// lost once more.
pub(in crate::mysql) fn resolve_outcome(connection: &mut Connection, token: AttemptId) -> Settled {
    let (token, mark) = (token.literal(), token.tombstone().literal());
    let insert = format!("INSERT INTO write_attempts (token) VALUES ({token}), ({mark})");
    let error = match connection.batch_execute(&insert) {
        Ok(()) => return Settled::Never,
        Err(error) => error,
    };
    if errors::is_duplicate(&error) {
        let query = format!("SELECT COUNT(*) FROM write_attempts WHERE token = {mark}");
        return match sql::<BigInt>(&query).get_result::<i64>(connection) {
            Ok(0) => Settled::Committed,
            Ok(_) => Settled::Never,
            Err(error) => unsettled(connection, error),
        };
    }
    unsettled(connection, error)
}

fn unsettled(connection: &mut Connection, error: diesel::result::Error) -> Settled {
    let is_unfit = errors::is_unfit(&error);
    connection.give_up();
    match errors::classify(error) {
        unfit @ RepositoryError::Unavailable(_) if is_unfit => Settled::Unfit(unfit.into()),
        RepositoryError::OutcomeUnknown(cause)
        | RepositoryError::Contention(cause)
        | RepositoryError::LockTimeout(cause)
        | RepositoryError::Unavailable(cause)
        | RepositoryError::Fault(cause) => Settled::Unknown(cause),
        other => Settled::Unknown(std::sync::Arc::new(other)),
    }
}

/// Runs the job. The first error of a statement after which nothing may be
/// committed is the session's, whatever the job made of it.
fn in_session(connection: &mut Connection, ticket: &mut QueuedJob) -> Result<(), AppError> {
    let mut session = DieselSession::new(connection, ticket.intent);
    let ending = ticket.run(&mut session);
    match session.failure() {
        // Whoever waited for the lock may know whose it was.
        Some(RepositoryError::LockTimeout(_)) if ending.is_err() => ending,
        Some(failure) => {
            let lost = matches!(
                failure,
                RepositoryError::OutcomeUnknown(_) | RepositoryError::Unavailable(_)
            );
            if lost {
                // The next connection may be to a server that works.
                connection.give_up();
            }
            Err(failure.into())
        }
        None => ending,
    }
}

/// What the ending of a job that was not committed means: a connection that
/// broke before the commit was sent leaves nothing in doubt.
fn uncommitted(ending: Result<(), AppError>) -> Outcome {
    match ending {
        Err(error @ (AppError::Contention(_) | AppError::OutcomeUnknown(_))) => {
            Outcome::Undone(error)
        }
        ending => Outcome::Ended(ending),
    }
}

fn not_begun(connection: &mut Connection, error: diesel::result::Error) -> Outcome {
    connection.give_up();
    uncommitted(Err(errors::classify(error).into()))
}

/// A connection that does not roll back is given up, and the server rolls back
/// when it is gone.
fn roll_back(connection: &mut Connection) {
    let rolled_back: QueryResult<()> = connection.batch_execute("ROLLBACK");
    if rolled_back.is_err() {
        connection.give_up();
    }
}

fn no_cause() -> Cause {
    std::sync::Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(
        "the connection broke",
    ))
}
