//! A thread of the store: takes jobs from the queues and sees each to its end.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use byline_application::{AppError, Cause, Intent, Unavailable};
use crossbeam_channel::{Receiver, never, select};

use super::ATTEMPTS;
use super::cluster::Route;
use crate::metrics::{QueueCounters, StoreCounters, ThreadCounters};
use crate::mysql::attempt_id::AttemptId;
use crate::mysql::commit::attempt::{self, Outcome, Settled};
use crate::mysql::thread_connection::ThreadConnection;
use crate::queue::QueuedJob;

/// What a thread of the store has before it, besides its connection.
pub(super) struct WorkerContext {
    pub(super) meters: Arc<StoreCounters>,
    pub(super) reads: Arc<QueueCounters>,
    pub(super) writes: Arc<QueueCounters>,
    pub(super) crew: Arc<ThreadCounters>,
}

/// Runs what comes in until both queues are closed and empty.
pub(super) fn run(
    mut reads: Receiver<QueuedJob>,
    mut writes: Receiver<QueuedJob>,
    mut lease: ThreadConnection,
    reads_only: bool,
    desk: &WorkerContext,
) {
    let (mut reading, mut writing) = (true, !reads_only);
    while reading || writing {
        let (ticket, lane) = select! {
            recv(reads) -> ticket => (
                ticket.map_err(|_| (reading, reads) = (false, never())),
                &desk.reads,
            ),
            recv(writes) -> ticket => (
                ticket.map_err(|_| (writing, writes) = (false, never())),
                &desk.writes,
            ),
        };
        let _busy = desk.crew.at_work();
        if let Ok(ticket) = ticket
            && let Some(mut ticket) = ticket.in_time(lane)
        {
            let ending = run_with_retries(&mut lease, &mut ticket, &desk.meters);
            ticket.finish(ending, lane);
            // What it left open holds locks until it is closed.
            lease.let_go_of_the_lost();
        }
    }
}

/// Runs the job as often as it takes: a few times after lost conflicts, broken
/// connections and servers that turn out unfit, and until its deadline while it
/// is not known whether it was committed.
fn run_with_retries(
    lease: &mut ThreadConnection,
    ticket: &mut QueuedJob,
    meters: &StoreCounters,
) -> Result<(), AppError> {
    let route = Route::of(ticket.intent);
    let mut token = AttemptId::new();
    let mut doubt: Option<Cause> = None;
    let mut attempts = 0;
    lease.cluster().count_job();
    loop {
        let outcome = attempt(lease, ticket, route, &mut token, &mut doubt, meters);
        attempts += 1;
        let error = match outcome {
            Outcome::Ended(ending) => return ending,
            Outcome::Undone(error) => error,
            Outcome::Unknown(cause) => {
                doubt = Some(cause.clone());
                AppError::OutcomeUnknown(Some(cause))
            }
            Outcome::Unfit(error) => {
                let is_better_elsewhere = is_better_elsewhere(lease, route, &error);
                if doubt.is_none() && !is_better_elsewhere {
                    return Err(error);
                }
                error
            }
        };
        let is_conflict = matches!(error, AppError::Contention(_));
        // What is in doubt has to be found out, and a conflict says nothing of
        // the server. Anything else is a favour, as long as not too many need
        // it.
        let is_in_time = Instant::now() < ticket.deadline;
        let go_on = is_in_time
            && (doubt.is_some()
                || attempts < ATTEMPTS && (is_conflict || lease.cluster().grants_retry()));
        // A connection that breaks is replaced at once, the first time.
        if !go_on || (is_conflict || attempts > 1) && !pause(ticket.deadline) {
            return Err(match doubt {
                Some(cause) => AppError::OutcomeUnknown(Some(cause)),
                None => given_up(error),
            });
        }
        match (&doubt, is_conflict) {
            (Some(_), _) => meters.unknown_outcomes.increment(),
            (None, true) => meters.lost_conflicts.increment(),
            (None, false) => meters.lost_connections.increment(),
        }
    }
}

/// One attempt, on whatever server is to be asked; ahead of it, what became of
/// the last one.
fn attempt(
    lease: &mut ThreadConnection,
    ticket: &mut QueuedJob,
    route: Route,
    token: &mut AttemptId,
    doubt: &mut Option<Cause>,
    meters: &StoreCounters,
) -> Outcome {
    let connection = match lease.connection(route, ticket.deadline) {
        Ok(connection) => connection,
        Err(cause) => {
            meters.no_connections.increment();
            return match doubt.take() {
                None => Outcome::Ended(Err(Unavailable::Database(cause).into())),
                Some(doubt) => Outcome::Unknown(doubt),
            };
        }
    };
    if ticket.intent == Intent::Write && doubt.is_some() {
        match attempt::resolve_outcome(connection, *token) {
            Settled::Committed => return Outcome::Ended(Ok(())),
            Settled::Never => {
                *doubt = None;
                *token = AttemptId::new();
            }
            Settled::Unfit(error) => return Outcome::Unfit(error),
            Settled::Unknown(cause) => return Outcome::Unknown(cause),
        }
    }
    attempt::run(connection, ticket, *token, doubt, meters)
}

/// Whether another server may do what this one cannot.
fn is_better_elsewhere(lease: &ThreadConnection, route: Route, error: &AppError) -> bool {
    match error {
        AppError::Unavailable(Unavailable::Database(cause)) => {
            lease.found_unfit(route, cause.clone())
        }
        _ => false,
    }
}

/// What a job ends with that surely changed nothing.
fn given_up(error: AppError) -> AppError {
    match error {
        AppError::Contention(_) => Unavailable::Contention.into(),
        AppError::OutcomeUnknown(Some(cause)) => Unavailable::Database(cause).into(),
        other => other,
    }
}

/// Waits a little, so that those who met once do not meet again. Tells whether
/// there is time for another attempt.
fn pause(deadline: Instant) -> bool {
    let pause = Duration::from_millis(fastrand::u64(10..=200));
    let rest = deadline.saturating_duration_since(Instant::now());
    thread::sleep(pause.min(rest));
    pause < rest
}
