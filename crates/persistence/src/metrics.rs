//! What a store counts about itself. Nothing here takes a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use byline_application::Unavailable;
use byline_application::metrics::{
    Counter, FileSizes, Histogram, PoolMetrics, QueueMetrics, Retries, StoreMetrics, ThreadMetrics,
};

/// What all threads of a store count together.
pub(crate) struct StoreCounters {
    /// Jobs that each commit made durable.
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
    pub(crate) fn new() -> Self {
        Self {
            groups: Histogram::new(GROUP_BOUNDS),
            commits: Histogram::of_times(),
            lost_conflicts: Counter::default(),
            lost_connections: Counter::default(),
            unknown_outcomes: Counter::default(),
            no_connections: Counter::default(),
        }
    }

    /// Everything in the form of the port.
    pub(crate) fn report(
        &self,
        engine: &'static str,
        queues: Vec<QueueMetrics>,
        crews: &[&ThreadCounters],
        pool: PoolMetrics,
        files: Option<FileSizes>,
    ) -> StoreMetrics {
        StoreMetrics {
            engine,
            queues,
            threads: crews.iter().map(|crew| crew.report()).collect(),
            pool: PoolMetrics {
                failures: self.no_connections.get(),
                ..pool
            },
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

/// The jobs of one queue.
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

    pub(crate) fn report(&self, waiting: usize) -> QueueMetrics {
        QueueMetrics {
            name: self.name,
            waiting: whole(waiting),
            capacity: whole(self.capacity),
            refused_full: self.refused_full.get(),
            refused_closing: self.refused_closing.get(),
            expired: self.expired.get(),
            waits: self.waits.snapshot(),
            runs: self.runs.snapshot(),
        }
    }
}

/// The threads of one kind.
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

    /// The calling thread works until the value is dropped.
    pub(crate) fn at_work(&self) -> AtWork<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        AtWork(self)
    }

    /// The calling thread has ended by a panic; it is there again when the value
    /// is dropped.
    pub(crate) fn missing(&self) -> Missing<'_> {
        self.lost();
        Missing(self)
    }

    /// The calling thread has ended for good.
    pub(crate) fn lost(&self) {
        self.missing.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether every thread runs.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn report(&self) -> ThreadMetrics {
        ThreadMetrics {
            role: self.role,
            total: whole(self.total),
            busy: self.busy.load(Ordering::Relaxed),
            missing: self.missing.load(Ordering::Relaxed),
            restarts: self.restarts.get(),
        }
    }
}

pub(crate) struct Missing<'a>(&'a ThreadCounters);

impl Drop for Missing<'_> {
    fn drop(&mut self) {
        self.0.missing.fetch_sub(1, Ordering::Relaxed);
        self.0.restarts.increment();
    }
}

pub(crate) struct AtWork<'a>(&'a ThreadCounters);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How pools are that may have `capacity` connections in all.
pub(crate) fn pools(capacity: u32, states: &[diesel::r2d2::State]) -> PoolMetrics {
    let sum = |count: fn(&diesel::r2d2::State) -> u32| {
        states.iter().map(|state| u64::from(count(state))).sum()
    };
    PoolMetrics {
        capacity: u64::from(capacity),
        open: sum(|state| state.connections),
        idle: sum(|state| state.idle_connections),
        failures: 0,
    }
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
