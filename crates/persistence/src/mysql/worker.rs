//! A worker thread: takes jobs from the queues and runs each until it has a result.

use std::thread;
use std::time::{Duration, Instant};

use byline_application::{AppError, Cause, Intent, Unavailable};
use crossbeam_channel::{Receiver, never, select};

use super::ATTEMPTS;
use super::attempt_id::AttemptId;
use super::commit::attempt::{self, Outcome};
use super::thread_connection::ThreadConnection;
use crate::metrics::{StoreCounters, ThreadCounters};
use crate::queue::{QueuedJob, Route};

/// Runs jobs until both queues are closed and empty.
pub(super) fn run(
    mut reads: Receiver<QueuedJob>,
    mut writes: Receiver<QueuedJob>,
    mut connection: ThreadConnection,
    reads_only: bool,
    counters: &StoreCounters,
    threads: &ThreadCounters,
) {
    let (mut reading, mut writing) = (true, !reads_only);
    while reading || writing {
        let job = select! {
            recv(reads) -> job => job.map_err(|_| (reading, reads) = (false, never())),
            recv(writes) -> job => job.map_err(|_| (writing, writes) = (false, never())),
        };
        let _busy = threads.busy();
        if let Ok(job) = job
            && let Some(mut job) = job.in_time()
        {
            let result = run_with_retries(&mut connection, &mut job, counters);
            job.finish(result);
            // A transaction that is still open holds locks until then.
            connection.drop_lost();
        }
    }
}

/// Runs the job until it has a result: a few times after lost conflicts, broken
/// connections and unfit servers, and until its deadline while it is unknown whether
/// it was committed.
fn run_with_retries(
    connection: &mut ThreadConnection,
    job: &mut QueuedJob,
    counters: &StoreCounters,
) -> Result<(), AppError> {
    let route = Route::of(job.intent);
    let mut id = AttemptId::new();
    let mut doubt: Option<Cause> = None;
    let mut attempts = 0;
    connection.cluster().count_job();
    loop {
        let outcome = attempt(connection, job, route, &mut id, &mut doubt, counters);
        attempts += 1;
        let error = match outcome {
            Outcome::Ended(result) => return result,
            Outcome::Undone(error) => error,
            Outcome::Unknown(cause) => {
                doubt = Some(cause.clone());
                AppError::OutcomeUnknown(Some(cause))
            }
            Outcome::Unfit(error) => {
                let has_alternative = matches!(&error,
                    AppError::Unavailable(Unavailable::Database(cause))
                        if connection.report_unfit(route, cause.clone()));
                if doubt.is_none() && !has_alternative {
                    return Err(error);
                }
                error
            }
        };
        let is_conflict = matches!(error, AppError::Contention(_));
        // An unknown outcome has to be found out, and a conflict says nothing about
        // the server. Other retries come from a budget that all jobs share.
        let is_in_time = Instant::now() < job.deadline;
        let goes_on = is_in_time
            && (doubt.is_some()
                || attempts < ATTEMPTS && (is_conflict || connection.cluster().grants_retry()));
        // A broken connection is replaced without a pause, the first time.
        if !goes_on || (is_conflict || attempts > 1) && !pause(job.deadline) {
            return Err(match doubt {
                Some(cause) => AppError::OutcomeUnknown(Some(cause)),
                None => final_error(error),
            });
        }
        match (&doubt, is_conflict) {
            (Some(_), _) => counters.unknown_outcomes.increment(),
            (None, true) => counters.lost_conflicts.increment(),
            (None, false) => counters.lost_connections.increment(),
        }
    }
}

/// Makes one attempt. Resolves the outcome of the last attempt first, if that is
/// unknown.
fn attempt(
    connection: &mut ThreadConnection,
    job: &mut QueuedJob,
    route: Route,
    id: &mut AttemptId,
    doubt: &mut Option<Cause>,
    counters: &StoreCounters,
) -> Outcome {
    let connection = match connection.get(route, job.deadline) {
        Ok(connection) => connection,
        Err(cause) => {
            counters.no_connections.increment();
            return match doubt.take() {
                None => Outcome::Ended(Err(Unavailable::Database(cause).into())),
                Some(doubt) => Outcome::Unknown(doubt),
            };
        }
    };
    if job.intent == Intent::Write && doubt.is_some() {
        match attempt::resolve_outcome(connection, *id) {
            Ok(true) => return Outcome::Ended(Ok(())),
            Ok(false) => {
                *doubt = None;
                *id = AttemptId::new();
            }
            Err(outcome) => return outcome,
        }
    }
    attempt::run(connection, job, *id, doubt, counters)
}

/// Returns the error of a job that is given up and has changed nothing.
fn final_error(error: AppError) -> AppError {
    match error {
        AppError::Contention(_) => Unavailable::Contention.into(),
        AppError::OutcomeUnknown(Some(cause)) => Unavailable::Database(cause).into(),
        other => other,
    }
}

/// Sleeps for a random time, so that jobs that lost a conflict do not meet again.
/// Returns whether there is time for another attempt.
fn pause(deadline: Instant) -> bool {
    let pause = Duration::from_millis(fastrand::u64(10..=200));
    let rest = deadline.saturating_duration_since(Instant::now());
    thread::sleep(pause.min(rest));
    pause < rest
}
