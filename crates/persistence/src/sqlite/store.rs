use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use byline_application::metrics::{FileSizes, StoreMetrics};
use byline_application::{Health, Intent, Job, Readiness, Release, Store};

use super::connection::{self, Access, Role};
use super::file::with_suffix;
use super::file_watch::FileWatch;
use super::thread_connection::ThreadConnection;
use super::worker_context::{HealthState, WorkerContext};
use super::{Pool, list_indexes, reader, schema_check, writer};
use crate::metrics::{StoreCounters, ThreadCounters};
use crate::queue::Queues;
use crate::threads::{EngineStore, Threads};
use crate::{OpenError, Options};

/// The store of a SQLite file.
pub(crate) struct SqliteStore {
    queues: Queues,
    threads: Threads,
    health: Arc<HealthState>,
    release: Option<Release>,
    counters: Arc<StoreCounters>,
    /// Of the readers, and of the writer.
    thread_counters: [Arc<ThreadCounters>; 2],
    /// Of the readers, and of the writer.
    pools: [Pool; 2],
    path: PathBuf,
}

impl SqliteStore {
    /// Opens a file that has this program's schema, and starts the threads.
    /// `role` is that of the writer.
    pub(crate) fn open(path: &Path, options: &Options, role: Role) -> Result<Self, OpenError> {
        let (release, access) = match role {
            Role::BulkReader => schema_check::require_readable(path)?,
            _ => (
                schema_check::require_served(path, |_| false)?.0,
                Access::Shared,
            ),
        };
        Self::start(path, options, role, release, access)
    }

    /// Opens a file as [`open`](Self::open) does for rows in bulk, and drops the
    /// indexes that only lists need.
    pub(crate) fn open_without_list_indexes(
        path: &Path,
        options: &Options,
    ) -> Result<Self, OpenError> {
        let release = list_indexes::drop_all(path)?;
        Self::start(path, options, Role::BulkWriter, release, Access::Shared)
    }

    fn start(
        path: &Path,
        options: &Options,
        role: Role,
        release: Option<Release>,
        access: Access,
    ) -> Result<Self, OpenError> {
        let files = FileWatch::begin(path).map_err(|error| OpenError::unusable(path, error))?;
        let files = Arc::new(files);
        let pool_size = options.pool_size.get();
        let (queues, reads, writes) = Queues::bounded(options.queue_length.get());
        let size = u32::try_from(pool_size).unwrap_or(u32::MAX);
        let store = Self {
            queues,
            threads: Threads::default(),
            health: Arc::new(HealthState::new(&files)),
            release,
            counters: StoreCounters::new(),
            thread_counters: [
                ThreadCounters::new("reader", pool_size),
                ThreadCounters::new("writer", 1),
            ],
            pools: [
                connection::pool(path, role.reader(), access, size),
                connection::pool(path, role, access, 1),
            ],
            path: path.to_owned(),
        };
        let [readers, writer] = &store.thread_counters;
        let [read_pool, write_pool] = &store.pools;
        let context = |threads: &Arc<ThreadCounters>| WorkerContext {
            health: Arc::clone(&store.health),
            files: Arc::clone(&files),
            counters: Arc::clone(&store.counters),
            threads: Arc::clone(threads),
        };
        let (pool, shared) = (write_pool.clone(), context(writer));
        store.threads.spawn("byline-writer", writer, move || {
            writer::run(&writes, ThreadConnection::new(pool.clone()), &shared);
        })?;
        for _ in 0..pool_size {
            let (queue, pool, shared) = (reads.clone(), read_pool.clone(), context(readers));
            store.threads.spawn("byline-reader", readers, move || {
                reader::run(&queue, ThreadConnection::new(pool.clone()), &shared);
            })?;
        }
        let health = Arc::clone(&store.health);
        let watcher = ThreadCounters::new("watcher", 1);
        store.threads.spawn("byline-files", &watcher, move || {
            while !health.is_closing() {
                // The result is logged and kept.
                drop(files.check());
                thread::park_timeout(CHECK_INTERVAL);
            }
        })?;
        Ok(store)
    }
}

impl EngineStore for SqliteStore {
    fn close(&self) {
        self.health.close();
        self.queues.close();
        self.threads.join();
    }
}

/// Between two checks of the files while nothing is written.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for SqliteStore {
    fn submit(&self, intent: Intent, deadline: Instant, job: Box<dyn Job>) {
        self.queues.submit(intent, deadline, job);
    }

    fn health(&self) -> Health {
        let is_complete = self.thread_counters.iter().all(|one| one.is_complete());
        let readiness = match self.health.readiness() {
            Readiness::Ready if !is_complete => Readiness::ThreadMissing,
            readiness => readiness,
        };
        Health {
            readiness,
            release: self.release.clone(),
            servers: Vec::new(),
        }
    }

    fn metrics(&self) -> StoreMetrics {
        let files = FileSizes {
            database: size_in_bytes(&self.path),
            wal: size_in_bytes(&with_suffix(&self.path, "-wal")),
        };
        self.counters.snapshot(
            "sqlite",
            self.queues.metrics(),
            &self.thread_counters,
            &self.pools,
            Some(files),
        )
    }
}

/// Returns the size of the file, 0 if it does not exist.
fn size_in_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::DatabaseUrl;

    #[test]
    fn a_store_that_lacks_a_thread_is_not_ready() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byline.db");
        crate::migrations::migrate(&DatabaseUrl::sqlite(path.clone())).unwrap();
        let options = Options {
            pool_size: NonZeroUsize::MIN,
            queue_length: NonZeroUsize::MIN,
        };
        let store = SqliteStore::open(&path, &options, Role::Writer).unwrap();
        for counters in &store.thread_counters {
            let missing = counters.missing();
            let readiness = store.health().readiness;
            assert!(matches!(readiness, Readiness::ThreadMissing));
            drop(missing);
            assert!(matches!(store.health().readiness, Readiness::Ready));
        }
        for threads in store.metrics().threads {
            assert_eq!((threads.missing, threads.restarts), (0, 1));
        }
    }
}
