//! One attempt at a job, on one connection.

use std::time::Instant;

use byline_application::{AppError, Cause, Intent, RepositoryError};
use diesel::QueryResult;
use diesel::connection::SimpleConnection;

use super::connection::Origin;
use super::repository::DieselSession;
use super::token::Token;
use super::{Connection, dialect};
use crate::meters::Meters;
use crate::queue::Ticket;

/// What an attempt came to.
pub(super) enum Outcome {
    /// The job has ended so, for good. What it changed is durable.
    Ended(Result<(), AppError>),
    /// Surely nothing was changed, and another attempt may succeed.
    Undone(AppError),
    /// It may have been committed or not.
    Unknown(Cause),
}

/// Runs the job once. `doubt` tells whether an earlier attempt with this token
/// may have been committed; it ends when this attempt proves the contrary.
pub(super) fn run(
    connection: &mut Connection,
    ticket: &mut Ticket,
    token: Token,
    doubt: &mut Option<Cause>,
    meters: &Meters,
) -> Outcome {
    match ticket.intent {
        Intent::Read => uncommitted(in_session(connection, ticket)),
        Intent::Snapshot => undone(connection, ticket, SNAPSHOT),
        Intent::Rehearse => undone(connection, ticket, BEGIN),
        Intent::Create => create(connection, ticket, token, doubt),
        Intent::Write => write(connection, ticket, token, doubt, meters),
    }
}

const BEGIN: &str = "START TRANSACTION";

/// The isolation level is that of the next transaction only.
const SNAPSHOT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Runs the job in a transaction that is rolled back at the end.
fn undone(connection: &mut Connection, ticket: &mut Ticket, begin: &str) -> Outcome {
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
    ticket: &mut Ticket,
    token: Token,
    doubt: &mut Option<Cause>,
) -> Outcome {
    connection.set_origin(Some(Origin {
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

/// Runs a job in a transaction whose first row is the token. Whoever inserts
/// the token waits for an earlier attempt's transaction to end: a duplicate
/// proves that it was committed, success that it was not and never will be.
fn write(
    connection: &mut Connection,
    ticket: &mut Ticket,
    token: Token,
    doubt: &mut Option<Cause>,
    meters: &Meters,
) -> Outcome {
    // One round trip. The literal is hexadecimal.
    let begin = format!(
        "{BEGIN}; INSERT INTO write_attempts (token) VALUES ({})",
        token.literal()
    );
    match connection.batch_execute(&begin) {
        Ok(()) => *doubt = None,
        Err(error) if doubt.is_some() && dialect::is_duplicate(&error) => {
            roll_back(connection);
            return Outcome::Ended(Ok(()));
        }
        Err(error) => {
            let outcome = not_begun(connection, error);
            roll_back(connection);
            return match (outcome, doubt.take()) {
                (Outcome::Ended(Err(_)), Some(cause)) => Outcome::Unknown(cause),
                (outcome, earlier) => {
                    *doubt = earlier;
                    outcome
                }
            };
        }
    }
    let ending = in_session(connection, ticket);
    if ending.is_err() {
        roll_back(connection);
        return uncommitted(ending);
    }
    let begun = Instant::now();
    match connection
        .batch_execute("COMMIT")
        .map_err(dialect::classify_commit)
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

/// Runs the job. The first error of a statement after which nothing may be
/// committed is the session's, whatever the job made of it.
fn in_session(connection: &mut Connection, ticket: &mut Ticket) -> Result<(), AppError> {
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
    uncommitted(Err(dialect::classify(error).into()))
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
