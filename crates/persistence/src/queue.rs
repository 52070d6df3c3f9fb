//! The bounded queue between whoever submits jobs and a store's threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::RwLock;
use std::time::Instant;

use byline_application::{AppError, Intent, Job, Session, Unavailable};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

/// A job and what its session is opened for.
pub(crate) struct Ticket {
    pub(crate) intent: Intent,
    pub(crate) deadline: Instant,
    pub(crate) job: Box<dyn Job>,
}

impl Ticket {
    /// The ticket, if its time is not over yet. Else the job ends here.
    pub(crate) fn in_time(self) -> Option<Self> {
        if Instant::now() < self.deadline {
            Some(self)
        } else {
            self.refuse(Unavailable::DeadlinePassed);
            None
        }
    }

    /// Ends the job without having run it.
    pub(crate) fn refuse(self, reason: Unavailable) {
        self.job.finish(Err(reason.into()));
    }

    /// Runs the job once. A panic in it is an internal error of this job.
    pub(crate) fn run(&mut self, session: &mut dyn Session) -> Result<(), AppError> {
        catch_unwind(AssertUnwindSafe(|| self.job.run(session)))
            .unwrap_or_else(|_| Err(AppError::internal("a job panicked")))
    }
}

/// The sending end of a queue.
pub(crate) struct Queue {
    sender: RwLock<Option<Sender<Ticket>>>,
}

impl Queue {
    /// A queue with room for `length` tickets, and its receiving end, of which
    /// every thread takes a clone.
    pub(crate) fn bounded(length: usize) -> (Self, Receiver<Ticket>) {
        let (sender, receiver) = bounded(length);
        let queue = Self {
            sender: RwLock::new(Some(sender)),
        };
        (queue, receiver)
    }

    /// Puts the ticket in, or refuses it at once.
    pub(crate) fn submit(&self, ticket: Ticket) {
        let refused = match self.sender.read().as_deref() {
            Ok(Some(sender)) => match sender.try_send(ticket) {
                Ok(()) => return,
                Err(TrySendError::Full(ticket)) => (ticket, Unavailable::QueueFull),
                Err(TrySendError::Disconnected(ticket)) => (ticket, Unavailable::ShuttingDown),
            },
            Ok(None) | Err(_) => (ticket, Unavailable::ShuttingDown),
        };
        let (ticket, reason) = refused;
        ticket.refuse(reason);
    }

    /// Lets nothing in any more. The receiving end still gets what is inside,
    /// then learns that the queue is closed.
    pub(crate) fn close(&self) {
        if let Ok(mut sender) = self.sender.write() {
            *sender = None;
        }
    }
}
