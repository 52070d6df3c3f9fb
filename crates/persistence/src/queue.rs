//! The bounded queues in front of a store's threads.

use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use byline_application::metrics::QueueMetrics;
use byline_application::{AppError, Intent, Job, JobTiming, Session, Unavailable};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::metrics::QueueCounters;

/// The queues of a store. Reads and writes wait apart, so that a burst of one kind
/// does not take the places of the other.
pub(crate) struct Queues {
    reads: Queue,
    writes: Queue,
}

impl Queues {
    /// Returns queues with room for `length` jobs each, and the receiving ends of
    /// the reads and of the writes. Every thread gets a clone.
    pub(crate) fn bounded(length: usize) -> (Self, Receiver<QueuedJob>, Receiver<QueuedJob>) {
        let (reads, read_receiver) = Queue::bounded("read", length);
        let (writes, write_receiver) = Queue::bounded("write", length);
        (Self { reads, writes }, read_receiver, write_receiver)
    }

    /// Queues the job, or ends it at once.
    pub(crate) fn submit(&self, intent: Intent, deadline: Instant, job: Box<dyn Job>) {
        let queue = match Route::of(intent) {
            Route::Read => &self.reads,
            Route::Write => &self.writes,
        };
        queue.submit(intent, deadline, job);
    }

    /// Refuses jobs from now on. The receiving ends still get the jobs that wait.
    pub(crate) fn close(&self) {
        self.reads.close();
        self.writes.close();
    }

    pub(crate) fn metrics(&self) -> Vec<QueueMetrics> {
        vec![self.reads.metrics(), self.writes.metrics()]
    }
}

/// Whether a job reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Read,
    Write,
}

impl Route {
    pub(crate) fn of(intent: Intent) -> Self {
        match intent {
            Intent::Read | Intent::Snapshot => Self::Read,
            Intent::Create | Intent::Write | Intent::DryRun => Self::Write,
        }
    }
}

/// A job, what its session is opened for, and how long it has waited.
pub(crate) struct QueuedJob {
    pub(crate) intent: Intent,
    pub(crate) deadline: Instant,
    job: Box<dyn Job>,
    counters: Arc<QueueCounters>,
    /// When the job was submitted; after a thread took it, when that was.
    since: Instant,
    /// How long the job waited, once a thread has taken it.
    queued: Duration,
}

impl QueuedJob {
    /// Takes `first` and the jobs that wait behind it, up to `limit` in all.
    /// Returns those whose deadline has not passed; ends the others.
    pub(crate) fn take_group(first: Self, queue: &Receiver<Self>, limit: usize) -> Vec<Self> {
        iter::once(first)
            .chain(queue.try_iter())
            .take(limit)
            .filter_map(Self::in_time)
            .collect()
    }

    /// Returns the job unless its deadline has passed. Ends the job otherwise.
    pub(crate) fn in_time(mut self) -> Option<Self> {
        let now = Instant::now();
        self.queued = now.saturating_duration_since(self.since);
        self.counters.waits.observe_time(self.queued);
        if now < self.deadline {
            self.since = now;
            Some(self)
        } else {
            self.refuse(Unavailable::DeadlinePassed);
            None
        }
    }

    /// Ends the job without running it.
    fn refuse(self, reason: Unavailable) {
        self.counters.refused(&reason);
        self.end(Duration::ZERO, Err(reason.into()));
    }

    /// Ends the job that was run, or could not be run for lack of a connection.
    pub(crate) fn finish(self, result: Result<(), AppError>) {
        let worked = self.since.elapsed();
        self.counters.runs.observe_time(worked);
        self.end(worked, result);
    }

    fn end(mut self, worked: Duration, result: Result<(), AppError>) {
        self.job.record_timing(JobTiming {
            queued: self.queued,
            worked,
        });
        self.job.finish(result);
    }

    /// Runs the job once. A panic in the job is an internal error of this job.
    pub(crate) fn run(&mut self, session: &mut dyn Session) -> Result<(), AppError> {
        catch_unwind(AssertUnwindSafe(|| self.job.run(session)))
            .unwrap_or_else(|_| Err(AppError::internal("a job panicked")))
    }
}

/// The sending end of a queue.
struct Queue {
    /// `None` after the queue was closed.
    sender: RwLock<Option<Sender<QueuedJob>>>,
    counters: Arc<QueueCounters>,
}

impl Queue {
    fn bounded(name: &'static str, length: usize) -> (Self, Receiver<QueuedJob>) {
        let (sender, receiver) = bounded(length);
        let queue = Self {
            sender: RwLock::new(Some(sender)),
            counters: Arc::new(QueueCounters::new(name, length)),
        };
        (queue, receiver)
    }

    fn submit(&self, intent: Intent, deadline: Instant, job: Box<dyn Job>) {
        let job = QueuedJob {
            intent,
            deadline,
            job,
            counters: Arc::clone(&self.counters),
            since: Instant::now(),
            queued: Duration::ZERO,
        };
        let (job, reason) = match self.sender.read().as_deref() {
            Ok(Some(sender)) => match sender.try_send(job) {
                Ok(()) => return,
                Err(TrySendError::Full(job)) => (job, Unavailable::QueueFull),
                Err(TrySendError::Disconnected(job)) => (job, Unavailable::ShuttingDown),
            },
            Ok(None) | Err(_) => (job, Unavailable::ShuttingDown),
        };
        job.refuse(reason);
    }

    fn metrics(&self) -> QueueMetrics {
        let waiting = match self.sender.read().as_deref() {
            Ok(Some(sender)) => sender.len(),
            Ok(None) | Err(_) => 0,
        };
        self.counters.snapshot(waiting)
    }

    fn close(&self) {
        if let Ok(mut sender) = self.sender.write() {
            *sender = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Recorder(mpsc::Sender<Result<(), AppError>>);

    impl Job for Recorder {
        fn run(&mut self, _: &mut dyn Session) -> Result<(), AppError> {
            Ok(())
        }

        fn finish(self: Box<Self>, result: Result<(), AppError>) {
            self.0.send(result).unwrap();
        }
    }

    /// Submits a job, and returns where its result arrives.
    fn submit(queues: &Queues, deadline: Instant) -> mpsc::Receiver<Result<(), AppError>> {
        let (sender, result) = mpsc::channel();
        queues.submit(Intent::Write, deadline, Box::new(Recorder(sender)));
        result
    }

    #[test]
    fn a_job_that_is_taken_after_its_deadline_is_counted_and_ended() {
        let (queues, _reads, writes) = Queues::bounded(2);
        let (now, soon) = (Instant::now(), Instant::now() + Duration::from_secs(60));
        let (late, in_time) = (submit(&queues, now), submit(&queues, soon));
        let group = QueuedJob::take_group(writes.recv().unwrap(), &writes, 2);
        assert_eq!(group.len(), 1);
        let result = late.try_recv().unwrap();
        let expected = AppError::Unavailable(Unavailable::DeadlinePassed);
        assert_eq!(
            format!("{result:?}"),
            format!("{:?}", Err::<(), _>(expected))
        );
        assert!(in_time.try_recv().is_err(), "it was not run yet");
        let metrics = queues.metrics();
        assert_eq!((metrics[1].expired, metrics[1].waits.count()), (1, 2));
    }

    #[test]
    fn a_job_that_finds_no_place_is_counted_and_ended() {
        let (queues, _reads, _writes) = Queues::bounded(1);
        let soon = Instant::now() + Duration::from_secs(60);
        let (waiting, refused) = (submit(&queues, soon), submit(&queues, soon));
        assert!(waiting.try_recv().is_err());
        assert!(refused.try_recv().unwrap().is_err());
        let metrics = queues.metrics();
        assert_eq!((metrics[1].refused_full, metrics[1].waiting), (1, 1));
        assert_eq!(metrics[0].refused_full, 0);
        queues.close();
        assert!(submit(&queues, soon).try_recv().unwrap().is_err());
        assert_eq!(queues.metrics()[1].refused_closing, 1);
    }
}
