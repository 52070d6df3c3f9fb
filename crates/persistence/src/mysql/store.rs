use std::sync::Arc;
use std::time::Instant;

use byline_application::metrics::{Distribution, StoreMetrics};
use byline_application::{Health, Intent, Job, Readiness, Store};
use crossbeam_channel::never;
use tokio::sync::watch;

use super::cluster::Cluster;
use super::cluster::node::{Node, ProbeResult};
use super::cluster::probe::{self, Probe, ProbeError};
use super::commit::cleanup;
use super::connection::kill::Killer;
use super::connection::pool;
use super::thread_connection::ThreadConnection;
use super::url::MysqlTarget;
use super::worker;
use crate::metrics::{StoreCounters, ThreadCounters};
use crate::queue::Queues;
use crate::threads::{EngineStore, Threads};
use crate::{OpenError, Options};

/// The store of a database on a MySQL or MariaDB server, or on a cluster of them.
///
/// With two threads or more, one runs reads only, so that writes that wait for each
/// other's locks cannot hold all threads.
pub(crate) struct MysqlStore {
    queues: Queues,
    threads: Threads,
    cluster: Arc<Cluster>,
    counters: Arc<StoreCounters>,
    /// Of the workers, of the sweeper, and of the probes, one for each server.
    thread_counters: [Arc<ThreadCounters>; 3],
}

impl MysqlStore {
    /// Starts the threads. The store waits for a server that is away. A server that refuses
    /// this service, or has another schema, is an error.
    pub(crate) fn open(target: &MysqlTarget, options: &Options) -> Result<Self, OpenError> {
        let threads = options.pool_size.get();
        let is_alone = target.hosts.len() == 1;
        let mut probes = Vec::new();
        let mut nodes = Vec::new();
        for (host, number) in target.hosts.iter().zip(1..) {
            let killer = Arc::new(Killer::default());
            let mut probe = Probe::new(target, host, Arc::clone(&killer));
            let found = first_probe(&mut probe)?;
            let (cancel, cancelled) = watch::channel(());
            let cancelled = (!is_alone).then_some(cancelled);
            // One more for the sweeper.
            let size = u32::try_from(threads + 1).unwrap_or(u32::MAX);
            let pool = pool::pool(target, host, cancelled, Arc::clone(&killer), size);
            let node = Node::new(number, is_alone, pool, cancel, killer, found);
            nodes.push(node);
            probes.push(probe);
        }
        let cluster = Arc::new(Cluster::new(nodes, target.reads, threads));
        if let Readiness::Unreachable(_) = cluster.health().readiness {
            tracing::warn!("the database is away; waiting for it");
        }
        let (queues, reads, writes) = Queues::bounded(options.queue_length.get());
        let store = Self {
            queues,
            threads: Threads::default(),
            cluster,
            counters: StoreCounters::new(),
            thread_counters: [
                ThreadCounters::new("worker", threads),
                ThreadCounters::new("sweeper", 1),
                ThreadCounters::new("probe", probes.len()),
            ],
        };
        let [workers, sweepers, watchers] = &store.thread_counters;
        // Random, so that the services of one machine read from different servers.
        let first_host = fastrand::usize(..target.hosts.len());
        for index in 0..threads {
            let reads_only = index == 0 && threads > 1;
            let writes = if reads_only { never() } else { writes.clone() };
            let reads = reads.clone();
            let cluster = Arc::clone(&store.cluster);
            let (counters, busy) = (Arc::clone(&store.counters), Arc::clone(workers));
            store.threads.spawn("byline-worker", workers, move || {
                let connection = ThreadConnection::new(Arc::clone(&cluster), first_host + index);
                let (reads, writes) = (reads.clone(), writes.clone());
                worker::run(reads, writes, connection, reads_only, &counters, &busy);
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
                node.killer.set_probe(thread);
            }
        }
        Ok(store)
    }
}

impl EngineStore for MysqlStore {
    fn close(&self) {
        self.cluster.close();
        self.queues.close();
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
        self.queues.submit(intent, deadline, job);
    }

    fn health(&self) -> Health {
        let mut health = self.cluster.health();
        let is_complete = self.thread_counters.iter().all(|one| one.is_complete());
        if matches!(health.readiness, Readiness::Ready) && !is_complete {
            health.readiness = Readiness::ThreadMissing;
        }
        health
    }

    fn metrics(&self) -> StoreMetrics {
        let pools = self.cluster.nodes().iter().map(|node| &node.pool);
        StoreMetrics {
            // Each job is committed by itself.
            groups: Distribution::default(),
            ..self.counters.snapshot(
                "mysql",
                self.queues.metrics(),
                &self.thread_counters,
                pools,
                None,
            )
        }
    }
}

/// Probes a server at the start. A server that is away may come back; any other
/// problem needs the operator and is an error.
fn first_probe(probe: &mut Probe) -> Result<ProbeResult, OpenError> {
    match probe.first_probe() {
        Ok(found) => Ok(found),
        Err(ProbeError::Connect(error)) if !error.is_transient() => {
            Err(OpenError::Server(Arc::new(error)))
        }
        Err(ProbeError::Open(error)) => Err(error),
        Err(away) => Ok(away.into_result()),
    }
}
