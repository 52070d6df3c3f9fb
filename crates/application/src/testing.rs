//! What tests of other crates need: a store without a database.

use std::sync::Mutex;
use std::time::Instant;

use crate::{AppError, Health, Intent, Job, Readiness, Session, Store, Unavailable};

/// A store that runs each job at once, on the caller's thread and always on the
/// same session, mostly a [`MockSession`](crate::MockSession). It ends nothing:
/// what it was asked for is in [`intents`](Self::intents).
pub struct ImmediateStore {
    session: Mutex<Box<dyn Session + Send>>,
    intents: Mutex<Vec<Intent>>,
}

/// How often a job is run before it is given up.
const ATTEMPTS: usize = 3;

impl ImmediateStore {
    /// A store that lends `session` to every job.
    pub fn new(session: impl Session + Send + 'static) -> Self {
        Self {
            session: Mutex::new(Box::new(session)),
            intents: Mutex::default(),
        }
    }

    /// What the jobs so far were submitted for.
    pub fn intents(&self) -> Vec<Intent> {
        self.intents
            .lock()
            .map(|seen| seen.clone())
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
                ending => return job.finish(ending),
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
