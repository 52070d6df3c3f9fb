//! The bounded queue between whoever submits jobs and a store's threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use byline_application::metrics::QueueMetrics;
use byline_application::{AppError, Intent, Job, JobTiming, Session, Unavailable};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::metrics::QueueCounters;

/// A job and what its session is opened for.
pub(crate) struct QueuedJob {
    pub(crate) intent: Intent,
    pub(crate) deadline: Instant,
    job: Box<dyn Job>,
    /// When it was submitted; once a thread has it, when that took it.
    since: Instant,
    /// How long it waited, once a thread has it.
    queued: Duration,
}

impl QueuedJob {
    pub(crate) fn new(intent: Intent, deadline: Instant, job: Box<dyn Job>) -> Self {
        Self {
            intent,
            deadline,
            job,
            since: Instant::now(),
            queued: Duration::ZERO,
        }
    }

    /// The ticket, taken from its lane, if its time is not over yet. Else the
    /// job ends here.
    pub(crate) fn in_time(mut self, lane: &QueueCounters) -> Option<Self> {
        let now = Instant::now();
        self.queued = now.saturating_duration_since(self.since);
        lane.waits.observe_time(self.queued);
        if now < self.deadline {
            self.since = now;
            Some(self)
        } else {
            self.refuse(Unavailable::DeadlinePassed, lane);
            None
        }
    }

    /// Ends the job without having run it.
    fn refuse(mut self, reason: Unavailable, lane: &QueueCounters) {
        lane.refused(&reason);
        self.job.record_timing(JobTiming {
            queued: self.queued,
            worked: Duration::ZERO,
        });
        self.job.finish(Err(reason.into()));
    }

    /// Ends the job that was run, or could not be for want of a connection.
    pub(crate) fn finish(mut self, ending: Result<(), AppError>, lane: &QueueCounters) {
        let worked = self.since.elapsed();
        lane.runs.observe_time(worked);
        self.job.record_timing(JobTiming {
            queued: self.queued,
            worked,
        });
        self.job.finish(ending);
    }

    /// Runs the job once. A panic in it is an internal error of this job.
    pub(crate) fn run(&mut self, session: &mut dyn Session) -> Result<(), AppError> {
        catch_unwind(AssertUnwindSafe(|| self.job.run(session)))
            .unwrap_or_else(|_| Err(AppError::internal("a job panicked")))
    }
}

/// The sending end of a queue.
pub(crate) struct Queue {
    sender: RwLock<Option<Sender<QueuedJob>>>,
    lane: Arc<QueueCounters>,
}

impl Queue {
    /// A queue with room for `length` tickets, and its receiving end, of which
    /// every thread takes a clone. What comes through it is counted as `name`.
    pub(crate) fn bounded(name: &'static str, length: usize) -> (Self, Receiver<QueuedJob>) {
        let (sender, receiver) = bounded(length);
        let queue = Self {
            sender: RwLock::new(Some(sender)),
            lane: Arc::new(QueueCounters::new(name, length)),
        };
        (queue, receiver)
    }

    /// Where its jobs are counted.
    pub(crate) fn lane(&self) -> Arc<QueueCounters> {
        Arc::clone(&self.lane)
    }

    /// What came through the queue, and what waits in it.
    pub(crate) fn metrics(&self) -> QueueMetrics {
        let sender = self.sender.read();
        let waiting = match sender.as_deref() {
            Ok(Some(sender)) => sender.len(),
            Ok(None) | Err(_) => 0,
        };
        self.lane.report(waiting)
    }

    /// Puts the ticket in, or refuses it at once.
    pub(crate) fn submit(&self, ticket: QueuedJob) {
        let refused = match self.sender.read().as_deref() {
            Ok(Some(sender)) => match sender.try_send(ticket) {
                Ok(()) => return,
                Err(TrySendError::Full(ticket)) => (ticket, Unavailable::QueueFull),
                Err(TrySendError::Disconnected(ticket)) => (ticket, Unavailable::ShuttingDown),
            },
            Ok(None) | Err(_) => (ticket, Unavailable::ShuttingDown),
        };
        let (ticket, reason) = refused;
        ticket.refuse(reason, &self.lane);
    }

    /// Lets nothing in any more. The receiving end still gets what is inside,
    /// then learns that the queue is closed.
    pub(crate) fn close(&self) {
        if let Ok(mut sender) = self.sender.write() {
            *sender = None;
        }
    }
}
