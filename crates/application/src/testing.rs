//! A store without a database, for the tests of other crates.

use std::sync::Mutex;
use std::time::Instant;

use crate::{AppError, Health, Intent, Job, Readiness, Session, Store, Unavailable};

/// A store that runs each job at once, on the thread of the caller and always on the same
/// session, usually a [`MockSession`](crate::MockSession). It commits nothing and undoes
/// nothing, but records the [`intents`](Self::intents) of the jobs.
pub struct ImmediateStore {
    session: Mutex<Box<dyn Session + Send>>,
    intents: Mutex<Vec<Intent>>,
}

/// The most runs of a job that loses conflicts.
const ATTEMPTS: usize = 3;

impl ImmediateStore {
    /// Returns a store that runs every job on `session`.
    pub fn new(session: impl Session + Send + 'static) -> Self {
        Self {
            session: Mutex::new(Box::new(session)),
            intents: Mutex::default(),
        }
    }

    /// Returns the intents of the jobs so far.
    pub fn intents(&self) -> Vec<Intent> {
        self.intents
            .lock()
            .map(|intents| intents.clone())
            .unwrap_or_default()
    }
}

impl Store for ImmediateStore {
    fn submit(&self, intent: Intent, deadline: Instant, mut job: Box<dyn Job>) {
        if let Ok(mut intents) = self.intents.lock() {
            intents.push(intent);
        }
        if Instant::now() >= deadline {
            return job.finish(Err(Unavailable::DeadlinePassed.into()));
        }
        let Ok(mut session) = self.session.lock() else {
            return job.finish(Err(AppError::internal("an earlier job panicked")));
        };
        for _ in 0..ATTEMPTS {
            match job.run(session.as_mut()) {
                Err(AppError::Contention(_)) => {}
                result => return job.finish(result),
            }
        }
        job.finish(Err(Unavailable::Contention.into()));
    }

    fn health(&self) -> Health {
        Health {
            readiness: Readiness::Ready,
            release: None,
            servers: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
