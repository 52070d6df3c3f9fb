//! What a connection and the requests on it know of each other.

use std::cell::Cell;
use std::rc::Rc;

use tokio::time::Instant;

use super::{HEAD, IDLE};

/// Where a connection is in the life of its requests. A clone is the same
/// connection's.
#[derive(Clone)]
pub(crate) struct ConnectionPhase(Rc<Cell<Phase>>);

#[derive(Clone, Copy)]
enum Phase {
    /// For the first byte of a request.
    Waiting { since: Instant },
    /// Of a request that is not complete up to its body.
    Receiving { since: Instant },
    /// A request, from the end of its head to its answer.
    Serving,
}

impl ConnectionPhase {
    pub(super) fn new(now: Instant) -> Self {
        Self(Rc::new(Cell::new(Phase::Waiting { since: now })))
    }

    /// Until when the client must have sent what is expected of it.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.0.get() {
            Phase::Waiting { since } => Some(since + IDLE),
            Phase::Receiving { since } => Some(since + HEAD),
            Phase::Serving => None,
        }
    }

    /// Bytes have come; false if too late.
    pub(super) fn received(&self) -> bool {
        match self.0.get() {
            Phase::Waiting { .. } => {
                let since = Instant::now();
                self.0.set(Phase::Receiving { since });
                true
            }
            Phase::Receiving { since } => Instant::now() < since + HEAD,
            Phase::Serving => true,
        }
    }

    /// The client has taken a long answer; now it may think again.
    pub(super) fn wait_again(&self) {
        if !matches!(self.0.get(), Phase::Serving) {
            self.wait();
        }
    }

    fn wait(&self) {
        let since = Instant::now();
        self.0.set(Phase::Waiting { since });
    }

    /// A request begins to be served; it ends with what is given back.
    pub(crate) fn serve(&self) -> ServingGuard {
        self.0.set(Phase::Serving);
        ServingGuard(self.clone())
    }
}

/// A request that is being served.
pub(crate) struct ServingGuard(ConnectionPhase);

impl Drop for ServingGuard {
    fn drop(&mut self) {
        self.0.wait();
    }
}
