use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use byline_application::metrics::{FileSizes, StoreMetrics};
use byline_application::{Health, Intent, Job, Readiness, Release, Store};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::connection::{self, Access, Role};
use super::file::with_suffix;
use super::file_watch::FileWatch;
use super::worker_context::{HealthState, WorkerContext};
use super::{Pool, list_indexes, reader, schema_check, writer};
use crate::metrics::{self, StoreCounters, ThreadCounters};
use crate::queue::{Queue, QueuedJob};
use crate::sqlite::thread_connection::ThreadConnection;
use crate::threads::Threads;
use crate::{OpenError, Options};

/// A SQLite file behind the store's port.
pub(crate) struct SqliteStore {
    reads: Queue,
    writes: Queue,
    threads: Threads,
    vitals: Arc<HealthState>,
    release: Option<Release>,
    meters: Arc<StoreCounters>,
    crews: [Arc<ThreadCounters>; 2],
    pools: [Pool; 2],
    path: PathBuf,
    /// Ends the thread that looks at the files, when it is dropped.
    watching: Mutex<Option<Sender<()>>>,
}

impl SqliteStore {
    /// Opens a file that has this program's schema, and starts the threads;
    /// `writing_as` is the role of the one that writes.
    pub(crate) fn open(
        path: &Path,
        options: &Options,
        writing_as: Role,
    ) -> Result<Self, OpenError> {
        let (release, access) = match writing_as {
            Role::BulkReader => schema_check::require_readable(path)?,
            _ => (schema_check::require_served(path)?, Access::Shared),
        };
        Self::start(path, options, writing_as, release, access)
    }

    /// As [`open`](Self::open) for rows in bulk, and drops the indexes of lists.
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
        writing_as: Role,
        release: Option<Release>,
        access: Access,
    ) -> Result<Self, OpenError> {
        let files = FileWatch::begin(path).map_err(|error| OpenError::Unusable {
            path: path.to_owned(),
            cause: Arc::new(error),
        })?;
        let files = Arc::new(files);
        let vitals = Arc::new(HealthState::of(&files));
        let threads = Threads::default();

        let meters = Arc::new(StoreCounters::new());
        let desk = |queue: &Queue, crew: &Arc<ThreadCounters>| WorkerContext {
            vitals: Arc::clone(&vitals),
            files: Arc::clone(&files),
            meters: Arc::clone(&meters),
            lane: queue.lane(),
            crew: Arc::clone(crew),
        };

        let (writes, queue) = Queue::bounded("write", options.queue_length.get());
        let writing = connection::pool(path, writing_as, access, 1);
        let writer = ThreadCounters::new("writer", 1);
        let (pool, place) = (writing.clone(), desk(&writes, &writer));
        threads.spawn("byline-writer", &writer, move || {
            writer::run(&queue, ThreadConnection::new(pool.clone()), &place);
        })?;

        let (reads, queue) = Queue::bounded("read", options.queue_length.get());
        let size = u32::try_from(options.pool_size.get()).unwrap_or(u32::MAX);
        let reading = connection::pool(path, writing_as.beside(), access, size);
        let readers = ThreadCounters::new("reader", options.pool_size.get());
        for _ in 0..options.pool_size.get() {
            let (queue, pool) = (queue.clone(), reading.clone());
            let place = desk(&reads, &readers);
            threads.spawn("byline-reader", &readers, move || {
                reader::run(&queue, ThreadConnection::new(pool.clone()), &place);
            })?;
        }
        let (watching, end) = bounded(0);
        threads.spawn(
            "byline-files",
            &ThreadCounters::new("watcher", 1),
            move || {
                watch(&files, &end);
            },
        )?;
        Ok(Self {
            reads,
            writes,
            threads,
            vitals,
            release,
            meters,
            crews: [readers, writer],
            pools: [reading, writing],
            path: path.to_owned(),
            watching: Mutex::new(Some(watching)),
        })
    }

    /// Refuses new jobs, finishes those it has accepted, and ends the threads.
    pub(crate) fn close(&self) {
        self.vitals.close();
        self.reads.close();
        self.writes.close();
        if let Ok(mut watching) = self.watching.lock() {
            *watching = None;
        }
        self.threads.join();
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for SqliteStore {
    fn submit(&self, intent: Intent, deadline: Instant, job: Box<dyn Job>) {
        let queue = match intent {
            Intent::Read | Intent::Snapshot => &self.reads,
            Intent::Create | Intent::Write | Intent::DryRun => &self.writes,
        };
        queue.submit(QueuedJob::new(intent, deadline, job));
    }

    fn health(&self) -> Health {
        let is_complete = self.crews.iter().all(|crew| crew.is_complete());
        let readiness = match self.vitals.readiness() {
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
        let [readers, writer] = &self.crews;
        let capacity = self.pools.iter().map(Pool::max_size).sum();
        let states = self.pools.each_ref().map(Pool::state);
        let files = FileSizes {
            database: size_of_file(&self.path),
            wal: size_of_file(&with_suffix(&self.path, "-wal")),
        };
        self.meters.report(
            "sqlite",
            vec![self.reads.metrics(), self.writes.metrics()],
            &[readers, writer],
            metrics::pools(capacity, &states),
            Some(files),
        )
    }
}

/// In bytes; a file that is not there has none.
fn size_of_file(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Between two looks at the files while nothing is written.
const LOOK: Duration = Duration::from_secs(1);

/// Looks at the files now and again, until the other end of `end` is dropped.
fn watch(files: &FileWatch, end: &Receiver<()>) {
    while end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        // What is found is logged and kept.
        drop(files.check());
    }
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
        for crew in &store.crews {
            let missing = crew.missing();
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
