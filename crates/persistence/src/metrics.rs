//! The counters of a store. Counting takes no lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use byline_application::Unavailable;
use byline_application::metrics::{
    Counter, FileSizes, Histogram, PoolMetrics, QueueMetrics, Retries, StoreMetrics, ThreadMetrics,
};
use diesel::r2d2::{ManageConnection, Pool};

/// The counters that all threads of a store share.
pub(crate) struct StoreCounters {
    /// Jobs per commit.
    pub(crate) groups: Histogram,
    pub(crate) commits: Histogram,
    pub(crate) lost_conflicts: Counter,
    pub(crate) lost_connections: Counter,
    pub(crate) unknown_outcomes: Counter,
    /// How often a thread got no connection.
    pub(crate) no_connections: Counter,
}

const GROUP_BOUNDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256];

impl StoreCounters {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            groups: Histogram::new(GROUP_BOUNDS),
            commits: Histogram::of_times(),
            lost_conflicts: Counter::default(),
            lost_connections: Counter::default(),
            unknown_outcomes: Counter::default(),
            no_connections: Counter::default(),
        })
    }

    /// Returns all metrics of a store, in the form of the port.
    pub(crate) fn snapshot<'a, M: ManageConnection>(
        &self,
        engine: &'static str,
        queues: Vec<QueueMetrics>,
        threads: &[Arc<ThreadCounters>],
        pools: impl IntoIterator<Item = &'a Pool<M>>,
        files: Option<FileSizes>,
    ) -> StoreMetrics {
        let mut pool = PoolMetrics {
            failures: self.no_connections.get(),
            ..PoolMetrics::default()
        };
        for one in pools {
            let state = one.state();
            pool.capacity += u64::from(one.max_size());
            pool.open += u64::from(state.connections);
            pool.idle += u64::from(state.idle_connections);
        }
        StoreMetrics {
            engine,
            queues,
            threads: threads.iter().map(|one| one.snapshot()).collect(),
            pool,
            retries: Retries {
                contention: self.lost_conflicts.get(),
                connection: self.lost_connections.get(),
                outcome_unknown: self.unknown_outcomes.get(),
            },
            groups: self.groups.snapshot(),
            commits: self.commits.snapshot(),
            files,
        }
    }
}

/// The counters of one queue.
pub(crate) struct QueueCounters {
    name: &'static str,
    capacity: usize,
    refused_full: Counter,
    refused_closing: Counter,
    expired: Counter,
    pub(crate) waits: Histogram,
    pub(crate) runs: Histogram,
}

impl QueueCounters {
    pub(crate) fn new(name: &'static str, capacity: usize) -> Self {
        Self {
            name,
            capacity,
            refused_full: Counter::default(),
            refused_closing: Counter::default(),
            expired: Counter::default(),
            waits: Histogram::of_times(),
            runs: Histogram::of_times(),
        }
    }

    /// Counts a job that is not run.
    pub(crate) fn refused(&self, reason: &Unavailable) {
        match reason {
            Unavailable::QueueFull => self.refused_full.increment(),
            Unavailable::DeadlinePassed => self.expired.increment(),
            Unavailable::ShuttingDown | Unavailable::Contention | Unavailable::Database(_) => {
                self.refused_closing.increment();
            }
        }
    }

    pub(crate) fn snapshot(&self, waiting: usize) -> QueueMetrics {
        QueueMetrics {
            name: self.name,
            waiting: to_u64(waiting),
            capacity: to_u64(self.capacity),
            refused_full: self.refused_full.get(),
            refused_closing: self.refused_closing.get(),
            expired: self.expired.get(),
            waits: self.waits.snapshot(),
            runs: self.runs.snapshot(),
        }
    }
}

/// The counters of the threads with one role.
pub(crate) struct ThreadCounters {
    role: &'static str,
    total: usize,
    busy: AtomicU64,
    missing: AtomicU64,
    restarts: Counter,
}

impl ThreadCounters {
    pub(crate) fn new(role: &'static str, total: usize) -> Arc<Self> {
        Arc::new(Self {
            role,
            total,
            busy: AtomicU64::new(0),
            missing: AtomicU64::new(0),
            restarts: Counter::default(),
        })
    }

    /// Counts the calling thread as busy until the guard is dropped.
    pub(crate) fn busy(&self) -> BusyGuard<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        BusyGuard(self)
    }

    /// Counts the calling thread as missing until the guard is dropped, which
    /// counts a restart.
    pub(crate) fn missing(&self) -> MissingGuard<'_> {
        self.lost();
        MissingGuard(self)
    }

    /// Counts the calling thread as missing for good.
    pub(crate) fn lost(&self) {
        self.missing.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether every thread runs.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn snapshot(&self) -> ThreadMetrics {
        ThreadMetrics {
            role: self.role,
            total: to_u64(self.total),
            busy: self.busy.load(Ordering::Relaxed),
            missing: self.missing.load(Ordering::Relaxed),
            restarts: self.restarts.get(),
        }
    }
}

pub(crate) struct MissingGuard<'a>(&'a ThreadCounters);

impl Drop for MissingGuard<'_> {
    fn drop(&mut self) {
        self.0.missing.fetch_sub(1, Ordering::Relaxed);
        self.0.restarts.increment();
    }
}

pub(crate) struct BusyGuard<'a>(&'a ThreadCounters);

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
