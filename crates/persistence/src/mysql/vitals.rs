use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::Thread;

use byline_application::{Cause, Health, Readiness, Release};

use super::connector::ConnectError;

/// How the store is, as its probe saw it last.
pub(super) struct Vitals {
    closing: AtomicBool,
    sight: RwLock<Sight>,
    probe: Mutex<Option<Thread>>,
}

/// What the probe saw.
#[derive(Clone, Debug)]
pub(super) enum Sight {
    /// A server that works, with this program's schema.
    Ready(Option<Release>),
    /// No server that works.
    Away(Cause),
    /// A server with another schema; the text says what to do.
    WrongSchema(Cause),
}

impl Vitals {
    pub(super) fn new(sight: Sight) -> Self {
        Self {
            closing: AtomicBool::new(false),
            sight: RwLock::new(sight),
            probe: Mutex::new(None),
        }
    }

    /// Why no job can be served at present. While there is a reason, nobody
    /// but the probe knocks at the server.
    pub(super) fn trouble(&self) -> Option<Cause> {
        match self.sight.read().as_deref() {
            Ok(Sight::Ready(_)) => None,
            Ok(Sight::Away(cause) | Sight::WrongSchema(cause)) => Some(Arc::clone(cause)),
            Err(_) => Some(Arc::new(ConnectError::TimedOut)),
        }
    }

    /// Takes note of what the probe sees, and logs what is new.
    pub(super) fn saw(&self, sight: Sight) {
        let Ok(mut current) = self.sight.write() else {
            return;
        };
        match (&*current, &sight) {
            (Sight::Ready(_), Sight::Ready(_)) => {}
            (_, Sight::Ready(_)) => tracing::info!("the database is back"),
            (Sight::Ready(_), Sight::Away(cause) | Sight::WrongSchema(cause)) => {
                tracing::error!(error = cause.to_string(), "the database is away");
            }
            (_, Sight::Away(_) | Sight::WrongSchema(_)) => {}
        }
        *current = sight;
    }

    pub(super) fn health(&self) -> Health {
        let sight = match self.sight.read() {
            Ok(sight) => sight.clone(),
            Err(_) => Sight::Away(Arc::new(ConnectError::TimedOut)),
        };
        let (readiness, release) = match sight {
            _ if self.is_closing() => (Readiness::ShuttingDown, None),
            Sight::Ready(release) => (Readiness::Ready, release),
            Sight::Away(cause) => (Readiness::Unreachable(cause), None),
            Sight::WrongSchema(_) => (Readiness::WrongSchema, None),
        };
        Health { readiness, release }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Has the probe look at once: somebody has lost a connection.
    pub(super) fn look_again(&self) {
        if let Ok(probe) = self.probe.lock()
            && let Some(probe) = &*probe
        {
            probe.unpark();
        }
    }

    pub(super) fn set_probe(&self, probe: Thread) {
        if let Ok(mut current) = self.probe.lock() {
            *current = Some(probe);
        }
    }
}
