use std::sync::Arc;
use std::time::Instant;

use byline_application::metrics::{Distribution, StoreMetrics};
use byline_application::{Health, Intent, Job, Readiness, Store};
use crossbeam_channel::never;
use tokio::sync::watch;

use super::cluster::Cluster;
use super::worker::WorkerContext;
use crate::metrics::{self, StoreCounters, ThreadCounters};
use crate::mysql::cluster::node::{Node, ProbeResult};
use crate::mysql::cluster::probe::{self, Probe, ProbeError};
use crate::mysql::commit::cleanup;
use crate::mysql::connection::kill::Killer;
use crate::mysql::connection::pool;
use crate::mysql::thread_connection::ThreadConnection;
use crate::mysql::url::MysqlTarget;
use crate::mysql::worker;
use crate::queue::{Queue, QueuedJob};
use crate::threads::Threads;
use crate::{OpenError, Options};

/// A database on a MySQL or MariaDB server, or on a cluster of them, behind the
/// store's port.
///
/// Reads and writes wait apart, so that a crowd of the one takes no places from
/// the other; and where there are two threads or more, one serves reads only,
/// so that writes that wait for each other's locks cannot hold all of them.
pub(crate) struct MysqlStore {
    reads: Queue,
    writes: Queue,
    threads: Threads,
    cluster: Arc<Cluster>,
    meters: Arc<StoreCounters>,
    /// The workers, the sweeper, and a probe for each server.
    crews: [Arc<ThreadCounters>; 3],
}

impl MysqlStore {
    /// Starts the threads. Servers that are away are waited for; one that
    /// refuses this service, or has another schema, is an error.
    pub(crate) fn open(target: &MysqlTarget, options: &Options) -> Result<Self, OpenError> {
        let threads = options.pool_size.get();
        let is_alone = target.hosts.len() == 1;
        let mut probes = Vec::new();
        let mut nodes = Vec::new();
        for (host, number) in target.hosts.iter().zip(1..) {
            let killer = Arc::new(Killer::default());
            let mut probe = Probe::new(target, host, Arc::clone(&killer));
            let sight = first_look(&mut probe)?;
            let (fence, fenced) = watch::channel(());
            let fenced = (!is_alone).then_some(fenced);
            // One more for the sweeper.
            let size = u32::try_from(threads + 1).unwrap_or(u32::MAX);
            let pool = pool::pool(target, host, fenced, Arc::clone(&killer), size);
            let node = Node::new(number, is_alone, pool, fence, killer, sight);
            nodes.push(Arc::new(node));
            probes.push(probe);
        }
        let cluster = Arc::new(Cluster::new(nodes, target.reads, threads));
        if let Readiness::Unreachable(_) = cluster.health().readiness {
            tracing::warn!("the database is away; waiting for it");
        }
        // So that the services of one machine do not all read from the same.
        let first_turn = fastrand::usize(..target.hosts.len());

        let (reads, reading) = Queue::bounded("read", options.queue_length.get());
        let (writes, writing) = Queue::bounded("write", options.queue_length.get());
        let crews = [
            ThreadCounters::new("worker", threads),
            ThreadCounters::new("sweeper", 1),
            ThreadCounters::new("probe", probes.len()),
        ];
        let store = Self {
            meters: Arc::new(StoreCounters::new()),
            crews,
            reads,
            writes,
            threads: Threads::default(),
            cluster,
        };
        let [workers, sweepers, watchers] = &store.crews;
        for index in 0..threads {
            let reads_only = index == 0 && threads > 1;
            let writing = if reads_only { never() } else { writing.clone() };
            let reading = reading.clone();
            let cluster = Arc::clone(&store.cluster);
            let desk = WorkerContext {
                meters: Arc::clone(&store.meters),
                reads: store.reads.lane(),
                writes: store.writes.lane(),
                crew: Arc::clone(workers),
            };
            store.threads.spawn("byline-worker", workers, move || {
                let lease = ThreadConnection::new(Arc::clone(&cluster), first_turn + index);
                worker::run(reading.clone(), writing.clone(), lease, reads_only, &desk);
            })?;
        }
        let cluster = Arc::clone(&store.cluster);
        store.threads.spawn("byline-sweeper", sweepers, move || {
            cleanup::run(ThreadConnection::new(Arc::clone(&cluster), 0), &cluster);
        })?;
        for (index, mut probe) in probes.into_iter().enumerate() {
            let cluster = Arc::clone(&store.cluster);
            let thread = store.threads.spawn("byline-probe", watchers, move || {
                probe::run(&mut probe, &cluster, index);
            })?;
            if let Some(node) = store.cluster.nodes().get(index) {
                node.killer().set_probe(thread);
            }
        }
        Ok(store)
    }

    /// Refuses new jobs, finishes those it has accepted, and ends the threads.
    pub(crate) fn close(&self) {
        self.cluster.close();
        self.reads.close();
        self.writes.close();
        self.threads.join();
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
            Intent::Create | Intent::Write | Intent::DryRun => &self.writes,
        };
        queue.submit(QueuedJob::new(intent, deadline, job));
    }

    fn health(&self) -> Health {
        let mut health = self.cluster.health();
        let is_complete = self.crews.iter().all(|crew| crew.is_complete());
        if matches!(health.readiness, Readiness::Ready) && !is_complete {
            health.readiness = Readiness::ThreadMissing;
        }
        health
    }

    fn metrics(&self) -> StoreMetrics {
        let pools = self.cluster.nodes().iter().map(|node| node.pool());
        let states: Vec<_> = pools.clone().map(diesel::r2d2::Pool::state).collect();
        let most = pools.map(diesel::r2d2::Pool::max_size).sum();
        let mut metrics = self.meters.report(
            "mysql",
            vec![self.reads.metrics(), self.writes.metrics()],
            &self.crews.each_ref().map(Arc::as_ref),
            metrics::pools(most, &states),
            None,
        );
        // Each job is committed by itself.
        metrics.groups = Distribution::default();
        metrics
    }
}

/// What a server is like at the start. That it is away is no error, time may
/// heal it; what somebody has to change is one.
fn first_look(probe: &mut Probe) -> Result<ProbeResult, OpenError> {
    match probe.first_look() {
        Ok(sight) => Ok(sight),
        Err(ProbeError::Connect(error)) if !error.is_transient() => {
            Err(OpenError::Server(Arc::new(error)))
        }
        Err(away @ (ProbeError::Connect(_) | ProbeError::Broken(_))) => Ok(away.sight()),
        Err(ProbeError::Open(error)) => Err(error),
    }
}
