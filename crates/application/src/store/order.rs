use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// By when work is wanted, and who wants to know where its time went. A mere
/// [`Instant`] is an order too.
#[derive(Clone, Debug)]
pub struct JobOptions {
    /// Work whose turn comes later is not run.
    pub deadline: Instant,
    /// Where the time is noted, if anybody asks.
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

/// Where the time of somebody's jobs went: the sum over those that have ended.
#[derive(Debug, Default)]
pub struct JobTimes {
    queued: AtomicU64,
    worked: AtomicU64,
}

impl JobTimes {
    /// Adds what one job spent.
    pub(crate) fn add(&self, spent: JobTiming) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.queued
            .fetch_add(nanos(spent.queued), Ordering::Relaxed);
        self.worked
            .fetch_add(nanos(spent.worked), Ordering::Relaxed);
    }

    /// How long jobs waited for a thread.
    pub fn queued(&self) -> Duration {
        Duration::from_nanos(self.queued.load(Ordering::Relaxed))
    }

    /// How long threads worked on them, the commit included.
    pub fn worked(&self) -> Duration {
        Duration::from_nanos(self.worked.load(Ordering::Relaxed))
    }
}

/// Where the time of one job went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobTiming {
    /// From its submission until a thread took it.
    pub queued: Duration,
    /// From there to its end; nothing for a job that was not run.
    pub worked: Duration,
}
