use std::cell::Cell;
use std::rc::Rc;

use tokio::time::Instant;

use super::{HEAD, IDLE};

/// What a connection currently waits for. Shared by the connection and its requests.
#[derive(Clone)]
pub(crate) struct ConnectionPhase(Rc<Cell<Phase>>);

#[derive(Clone, Copy)]
enum Phase {
    /// For the first byte of a request, until then.
    Waiting(Instant),
    /// For the rest of a request's head, until then.
    Receiving(Instant),
    /// For the response, from the end of the request's head.
    Serving,
}

impl ConnectionPhase {
    pub(super) fn new() -> Self {
        Self(Rc::new(Cell::new(Phase::Waiting(Instant::now() + IDLE))))
    }

    /// Returns when the client must have sent what the connection waits for.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.0.get() {
            Phase::Waiting(deadline) | Phase::Receiving(deadline) => Some(deadline),
            Phase::Serving => None,
        }
    }

    /// Notes that bytes were received; returns whether they came in time.
    pub(super) fn received(&self) -> bool {
        let now = Instant::now();
        match self.0.get() {
            Phase::Waiting(_) => self.0.set(Phase::Receiving(now + HEAD)),
            Phase::Receiving(deadline) => return now < deadline,
            Phase::Serving => {}
        }
        true
    }

    /// Restarts the wait for the next request, after the client has read a long
    /// response.
    pub(super) fn wait_again(&self) {
        if !matches!(self.0.get(), Phase::Serving) {
            self.wait();
        }
    }

    fn wait(&self) {
        self.0.set(Phase::Waiting(Instant::now() + IDLE));
    }

    /// Starts to serve a request, until the guard is dropped.
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
