//! What the threads of the store share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use byline_application::{AppError, Cause, Readiness, Unavailable};

use super::file_watch::FileWatch;
use crate::metrics::{QueueCounters, StoreCounters, ThreadCounters};

/// What a thread of the store has before it, besides its connection.
pub(super) struct WorkerContext {
    pub(super) vitals: Arc<HealthState>,
    pub(super) files: Arc<FileWatch>,
    pub(super) meters: Arc<StoreCounters>,
    pub(super) lane: Arc<QueueCounters>,
    pub(super) crew: Arc<ThreadCounters>,
}

/// How the store is, as its threads saw it last.
pub(super) struct HealthState {
    files: Arc<FileWatch>,
    closing: AtomicBool,
    /// Spares the threads the lock while all is well.
    troubled: AtomicBool,
    trouble: Mutex<Option<Cause>>,
}

impl HealthState {
    /// The state of a store that is well so far.
    pub(super) fn of(files: &Arc<FileWatch>) -> Self {
        Self {
            files: Arc::clone(files),
            closing: AtomicBool::new(false),
            troubled: AtomicBool::new(false),
            trouble: Mutex::default(),
        }
    }

    /// Notes that the store is being closed.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Takes note of how a session ended.
    pub(super) fn note(&self, ending: &Result<(), AppError>) {
        match ending {
            Err(AppError::Unavailable(Unavailable::Database(cause))) => {
                tracing::error!(error = cause.to_string(), "the database refuses work");
                self.set(Some(Arc::clone(cause)));
            }
            _ if self.troubled.load(Ordering::Relaxed) => self.set(None),
            _ => {}
        }
    }

    fn set(&self, trouble: Option<Cause>) {
        if let Ok(mut current) = self.trouble.lock() {
            self.troubled.store(trouble.is_some(), Ordering::Relaxed);
            *current = trouble;
        }
    }

    /// Whether the store can be used, and why not.
    pub(super) fn readiness(&self) -> Readiness {
        if self.closing.load(Ordering::Relaxed) {
            return Readiness::ShuttingDown;
        }
        if let Some(cause) = self.files.trouble() {
            return Readiness::Unreachable(cause);
        }
        match self.trouble.lock().map(|trouble| trouble.clone()) {
            Ok(Some(cause)) => Readiness::Unreachable(cause),
            _ => Readiness::Ready,
        }
    }
}
