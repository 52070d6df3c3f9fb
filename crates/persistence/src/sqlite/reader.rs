//! Reading, a session at a time, on as many threads as there are connections.

use byline_application::{AppError, Intent, Unavailable};
use crossbeam_channel::Receiver;
use diesel::connection::TransactionManager;

use super::lease::Lease;
use super::repository::DieselSession;
use super::store::Vitals;
use super::{ATTEMPTS, Connection, dialect};
use crate::queue::Ticket;

/// Runs what comes in until the queue is closed and empty.
pub(super) fn run(queue: &Receiver<Ticket>, mut lease: Lease, vitals: &Vitals) {
    for ticket in queue {
        let Some(mut ticket) = ticket.in_time() else {
            continue;
        };
        let ending = match lease.connection() {
            Ok(connection) => read(connection, &mut ticket),
            Err(cause) => Err(Unavailable::Database(cause).into()),
        };
        vitals.note(&ending);
        ticket.job.finish(ending);
    }
}

fn read(connection: &mut Connection, ticket: &mut Ticket) -> Result<(), AppError> {
    for _ in 0..ATTEMPTS {
        let ending = match ticket.intent {
            Intent::Read => attempt(connection, ticket),
            Intent::Snapshot | Intent::Create | Intent::Write | Intent::Rehearse => {
                in_transaction(connection, |connection| attempt(connection, ticket))
            }
        };
        if !matches!(ending, Err(AppError::Contention(_))) {
            return ending;
        }
    }
    Err(Unavailable::Contention.into())
}

fn attempt(connection: &mut Connection, ticket: &mut Ticket) -> Result<(), AppError> {
    let mut session = DieselSession::new(connection, ticket.intent);
    let ending = ticket.run(&mut session);
    match session.failure() {
        Some(failure) if ending.is_ok() => Err(failure.into()),
        _ => ending,
    }
}

/// All statements of `work` see the same moment; there is nothing to commit.
fn in_transaction(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<(), AppError>,
) -> Result<(), AppError> {
    type Manager = <Connection as diesel::Connection>::TransactionManager;
    let failed = |error| AppError::from(dialect::classify(error));
    Manager::begin_transaction(connection).map_err(failed)?;
    let ending = work(connection);
    let rollback = Manager::rollback_transaction(connection).map_err(failed);
    ending.and(rollback)
}
