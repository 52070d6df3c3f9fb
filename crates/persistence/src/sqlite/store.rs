use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use byline_application::{
    AppError, Cause, Health, Intent, Job, Readiness, Release, Store, Unavailable,
};

use super::connection::{self, Role};
use super::direct::Direct;
use super::lease::Lease;
use super::pace::Pace;
use super::pin::Pin;
use super::{reader, schema_check, writer};
use crate::queue::{Queue, Ticket};
use crate::{OpenError, Options};

/// A SQLite file behind the store's port.
pub(crate) struct SqliteStore {
    direct: Direct,
    pace: Arc<Pace>,
    pin: Arc<Pin>,
    reads: Queue,
    writes: Queue,
    threads: Mutex<Vec<JoinHandle<()>>>,
    vitals: Arc<Vitals>,
    release: Option<Release>,
}

impl SqliteStore {
    /// Opens a file that has this program's schema, and starts the threads.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let release = schema_check::require_current(path)?;
        // As many as actix-web has threads, unless it is told otherwise.
        let askers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let direct = Direct::open(path, askers)?;
        let vitals = Arc::new(Vitals::default());
        let mut threads = Vec::with_capacity(options.pool_size.get() + 2);
        let (writes, queue) = Queue::bounded(options.queue_length.get());
        let pool = connection::pool(path, Role::Writer, 1);
        let (lease, state) = (Lease::new(pool), Arc::clone(&vitals));
        threads.push(spawn("byline-writer", move || {
            writer::run(&queue, lease, &state);
        })?);

        let pace = Arc::new(Pace::default());
        let (reads, queue) = Queue::bounded(options.queue_length.get());
        let size = u32::try_from(options.pool_size.get()).unwrap_or(u32::MAX);
        let pool = connection::pool(path, Role::Reader, size);
        for _ in 0..options.pool_size.get() {
            let (queue, lease) = (queue.clone(), Lease::new(pool.clone()));
            let (pace, state) = (Arc::clone(&pace), Arc::clone(&vitals));
            threads.push(spawn("byline-reader", move || {
                reader::run(&queue, lease, &pace, &state);
            })?);
        }
        // The last one: unlike the others, it does not end with its queue.
        let pin = Arc::new(Pin::default());
        let (keeper, file) = (Arc::clone(&pin), path.to_owned());
        let keeper = spawn("byline-pin", move || keeper.keep(&file))?;
        pin.set_keeper(keeper.thread().clone());
        threads.push(keeper);
        Ok(Self {
            direct,
            pace,
            pin,
            reads,
            writes,
            threads: Mutex::new(threads),
            vitals,
            release,
        })
    }

    /// Refuses new jobs, finishes those it has accepted, and ends the threads.
    pub(crate) fn close(&self) {
        self.vitals.closing.store(true, Ordering::Relaxed);
        self.direct.close();
        self.pin.close();
        self.reads.close();
        self.writes.close();
        let threads = match self.threads.lock() {
            Ok(mut threads) => std::mem::take(&mut *threads),
            Err(_) => return,
        };
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for SqliteStore {
    fn submit(&self, intent: Intent, deadline: Instant, job: Box<dyn Job>) {
        let ticket = Ticket {
            intent,
            deadline,
            job,
        };
        match intent {
            Intent::Read => {
                let left = self.direct.run(ticket, &self.pace, &self.pin, &self.vitals);
                if let Some(ticket) = left {
                    self.reads.submit(ticket);
                }
            }
            Intent::Snapshot => self.reads.submit(ticket),
            Intent::Create | Intent::Write | Intent::Rehearse => self.writes.submit(ticket),
        }
    }

    fn health(&self) -> Health {
        Health {
            readiness: self.vitals.readiness(),
            release: self.release.clone(),
        }
    }
}

/// How the store is, as its threads saw it last.
#[derive(Default)]
pub(super) struct Vitals {
    closing: AtomicBool,
    /// Spares the threads the lock while all is well.
    troubled: AtomicBool,
    trouble: Mutex<Option<Cause>>,
}

impl Vitals {
    /// Takes note of how a session ended.
    pub(super) fn note(&self, ending: &Result<(), AppError>) {
        match ending {
            Err(AppError::Unavailable(Unavailable::Database(cause))) => {
                tracing::error!(error = cause.to_string(), "the database refuses work");
                self.set(Some(Arc::clone(cause)));
            }
            _ if self.troubled.load(Ordering::Relaxed) => self.set(None),
            _ => {}
        }
    }

    fn set(&self, trouble: Option<Cause>) {
        if let Ok(mut current) = self.trouble.lock() {
            self.troubled.store(trouble.is_some(), Ordering::Relaxed);
            *current = trouble;
        }
    }

    fn readiness(&self) -> Readiness {
        if self.closing.load(Ordering::Relaxed) {
            return Readiness::ShuttingDown;
        }
        match self.trouble.lock().map(|trouble| trouble.clone()) {
            Ok(Some(cause)) => Readiness::Unreachable(cause),
            _ => Readiness::Ready,
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| OpenError::Store(Arc::new(error)))
}
