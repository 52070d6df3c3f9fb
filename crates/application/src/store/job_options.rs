use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The options of a job. An [`Instant`] converts to options with that deadline.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// A job that is still queued then is not run.
    pub deadline: Instant,
    /// Where the timing of the job is added, if it is wanted.
    pub times: Option<Arc<JobTimes>>,
}

impl From<Instant> for JobOptions {
    fn from(deadline: Instant) -> Self {
        Self {
            deadline,
            times: None,
        }
    }
}

/// The sum of the timings of several jobs that have ended.
#[derive(Debug, Default)]
pub struct JobTimes {
    queued: AtomicU64,
    worked: AtomicU64,
}

impl JobTimes {
    /// Adds the timing of one job.
    pub(crate) fn add(&self, timing: JobTiming) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.queued
            .fetch_add(nanos(timing.queued), Ordering::Relaxed);
        self.worked
            .fetch_add(nanos(timing.worked), Ordering::Relaxed);
    }

    /// Returns how long the jobs waited for a thread.
    pub fn queued(&self) -> Duration {
        Duration::from_nanos(self.queued.load(Ordering::Relaxed))
    }

    /// Returns how long threads worked on the jobs, commits included.
    pub fn worked(&self) -> Duration {
        Duration::from_nanos(self.worked.load(Ordering::Relaxed))
    }
}

/// How long one job took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobTiming {
    /// The time from its submission until a thread took it.
    pub queued: Duration,
    /// The time from there until its end; zero for a job that was not run.
    pub worked: Duration,
}
