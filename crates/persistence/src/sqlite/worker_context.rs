//! State shared by the worker threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use byline_application::{AppError, Readiness, RepositoryError, Unavailable};

use super::Connection;
use super::file_watch::FileWatch;
use super::repository::DieselSession;
use super::trouble::Trouble;
use crate::metrics::{StoreCounters, ThreadCounters};
use crate::queue::QueuedJob;

/// What a worker thread needs besides its queue and its connection.
pub(super) struct WorkerContext {
    pub(super) health: Arc<HealthState>,
    pub(super) files: Arc<FileWatch>,
    pub(super) counters: Arc<StoreCounters>,
    pub(super) threads: Arc<ThreadCounters>,
}

/// Runs the job once. Returns its result, and the first error of a statement after
/// which nothing may be committed; the result is an error then, too.
pub(super) fn run_job(
    connection: &mut Connection,
    job: &mut QueuedJob,
) -> (Result<(), AppError>, Option<RepositoryError>) {
    let mut session = DieselSession::new(connection, job.intent);
    let result = job.run(&mut session);
    match session.failure() {
        Some(failure) => (
            result.and_then(|()| Err(failure.clone().into())),
            Some(failure),
        ),
        None => (result, None),
    }
}

/// The health of the store, as its threads last saw it.
pub(super) struct HealthState {
    files: Arc<FileWatch>,
    closing: AtomicBool,
    trouble: Trouble,
}

impl HealthState {
    /// Returns the state of a store without trouble.
    pub(super) fn new(files: &Arc<FileWatch>) -> Self {
        Self {
            files: Arc::clone(files),
            closing: AtomicBool::new(false),
            trouble: Trouble::default(),
        }
    }

    /// Notes that the store is being closed.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Notes the result of a session.
    pub(super) fn note(&self, result: &Result<(), AppError>) {
        if let Err(AppError::Unavailable(Unavailable::Database(cause))) = result {
            tracing::error!(error = cause.to_string(), "the database refuses work");
            self.trouble.set(Arc::clone(cause));
        } else {
            self.trouble.clear();
        }
    }

    /// Returns whether the store can be used, and why not.
    pub(super) fn readiness(&self) -> Readiness {
        if self.is_closing() {
            return Readiness::ShuttingDown;
        }
        let cause = self.files.trouble().or_else(|| self.trouble.cause());
        cause.map_or(Readiness::Ready, Readiness::Unreachable)
    }
}
