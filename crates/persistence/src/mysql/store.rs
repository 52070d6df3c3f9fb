use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use byline_application::metrics::{Distribution, StoreMetrics};
use byline_application::{Health, Intent, Job, Store};
use crossbeam_channel::never;

use super::lease::Lease;
use super::probe::{self, Failure};
use super::target::MysqlTarget;
use super::vitals::Vitals;
use super::worker::Desk;
use super::{Pool, manager, sweeper, worker};
use crate::meters::{self, Crew, Meters};
use crate::queue::{Queue, Ticket};
use crate::{OpenError, Options};

/// A database on a MySQL or MariaDB server behind the store's port.
///
/// Reads and writes wait apart, so that a crowd of the one takes no places from
/// the other; and where there are two threads or more, one serves reads only,
/// so that writes that wait for each other's locks cannot hold all of them.
pub(crate) struct MysqlStore {
    reads: Queue,
    writes: Queue,
    threads: Mutex<Vec<JoinHandle<()>>>,
    vitals: Arc<Vitals>,
    meters: Arc<Meters>,
    crew: Arc<Crew>,
    pool: Pool,
}

impl MysqlStore {
    /// Starts the threads. A server that is away is waited for; one that
    /// refuses this service, or has another schema, is an error.
    pub(crate) fn open(target: &MysqlTarget, options: &Options) -> Result<Self, OpenError> {
        let mut held = None;
        let sight = match probe::look(target, &mut held) {
            Ok(sight) => sight,
            Err(Failure::Connect(error)) if !error.is_transient() => {
                return Err(OpenError::Server(Arc::new(error)));
            }
            Err(away @ (Failure::Connect(_) | Failure::Broken(_))) => {
                let sight = away.sight();
                tracing::warn!("the database is away; waiting for it");
                sight
            }
            Err(Failure::Open(error)) => return Err(error),
        };
        let vitals = Arc::new(Vitals::new(sight));
        let threads = options.pool_size.get();
        // One more for the sweeper.
        let size = u32::try_from(threads + 1).unwrap_or(u32::MAX);
        let pool = manager::pool(target, &vitals, size);
        let lease = || Lease::new(pool.clone(), Arc::clone(&vitals));

        let (reads, reading) = Queue::bounded("read", options.queue_length.get());
        let (writes, writing) = Queue::bounded("write", options.queue_length.get());
        let (meters, crew) = (Arc::new(Meters::new()), Crew::new("worker", threads));
        let store = Self {
            meters: Arc::clone(&meters),
            crew: Arc::clone(&crew),
            pool: pool.clone(),
            reads,
            writes,
            threads: Mutex::default(),
            vitals: Arc::clone(&vitals),
        };
        for index in 0..threads {
            let reads_only = index == 0 && threads > 1;
            let writing = if reads_only { never() } else { writing.clone() };
            let (reading, lease) = (reading.clone(), lease());
            let desk = Desk {
                meters: Arc::clone(&meters),
                reads: store.reads.lane(),
                writes: store.writes.lane(),
                crew: Arc::clone(&crew),
            };
            store.spawn("byline-worker", move || {
                worker::run(reading, writing, lease, reads_only, &desk);
            })?;
        }
        let (lease, state) = (lease(), Arc::clone(&vitals));
        store.spawn("byline-sweeper", move || sweeper::run(lease, &state))?;
        let (target, state) = (target.clone(), Arc::clone(&vitals));
        let probe = store.spawn("byline-probe", move || probe::run(&target, held, &state))?;
        vitals.set_probe(probe);
        Ok(store)
    }

    fn spawn(
        &self,
        name: &str,
        work: impl FnOnce() + Send + 'static,
    ) -> Result<thread::Thread, OpenError> {
        let handle = thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .map_err(|error| OpenError::Store(Arc::new(error)))?;
        let thread = handle.thread().clone();
        if let Ok(mut threads) = self.threads.lock() {
            threads.push(handle);
        }
        Ok(thread)
    }

    /// Refuses new jobs, finishes those it has accepted, and ends the threads.
    pub(crate) fn close(&self) {
        self.vitals.close();
        self.reads.close();
        self.writes.close();
        let threads = match self.threads.lock() {
            Ok(mut threads) => std::mem::take(&mut *threads),
            Err(_) => return,
        };
        for thread in threads {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

impl Drop for MysqlStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for MysqlStore {
    fn submit(&self, intent: Intent, deadline: Instant, job: Box<dyn Job>) {
        let queue = match intent {
            Intent::Read | Intent::Snapshot => &self.reads,
            Intent::Create | Intent::Write | Intent::Rehearse => &self.writes,
        };
        queue.submit(Ticket::new(intent, deadline, job));
    }

    fn health(&self) -> Health {
        self.vitals.health()
    }

    fn metrics(&self) -> StoreMetrics {
        let mut metrics = self.meters.report(
            "mysql",
            vec![self.reads.metrics(), self.writes.metrics()],
            &[&self.crew],
            meters::pools(self.pool.max_size(), &[self.pool.state()]),
            None,
        );
        // Each job is committed by itself.
        metrics.groups = Distribution::default();
        metrics
    }
}
