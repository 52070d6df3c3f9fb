//! Blocking access to a database, which waits while the database is busy or away.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use byline_application::{AppError, Intent, Session, Store, Unavailable};
use byline_persistence::{Database, DatabaseUrl, Options};
use tokio::runtime::Runtime;

use crate::failure::Failure;

/// How long a transaction may wait for its turn, and how long a command waits for a
/// database that is busy or away.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(250);

/// How long reading all rows may take.
const LONGEST_READ: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An open database to move many rows to or from.
pub(crate) struct BlockingStore {
    runtime: Runtime,
    database: Option<Database>,
    store: Arc<dyn Store>,
}

impl BlockingStore {
    /// Opens a database that has the schema of this program.
    pub(crate) fn open(url: &DatabaseUrl) -> Result<Self, Failure> {
        Self::of(Database::open_bulk(url)?)
    }

    /// Opens a database to read it only.
    pub(crate) fn open_to_read(url: &DatabaseUrl) -> Result<Self, Failure> {
        Self::of(Database::open_to_read(url)?)
    }

    /// Opens a database for a few changes, beside a running service.
    pub(crate) fn open_beside(url: &DatabaseUrl) -> Result<Self, Failure> {
        let options = Options {
            pool_size: NonZeroUsize::MIN,
            queue_length: NonZeroUsize::MIN,
        };
        Self::of(Database::open(url, &options)?)
    }

    /// Takes a database that is open.
    pub(crate) fn of(database: Database) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(Failure::System)?;
        Ok(Self {
            runtime,
            store: database.store(),
            database: Some(database),
        })
    }

    /// Runs `work` in a session and commits it. Tries again while the database is busy
    /// or away, so `work` must find out whether an earlier attempt was committed.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        self.run_with_retries(Intent::Write, work)
    }

    /// Runs `work` in a session and commits it, if its turn comes within `patience`.
    pub(crate) fn write_once<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.run(Intent::Write, Instant::now() + patience, work)
    }

    /// Runs `work` in a session that sees one snapshot. Tries again while the database is
    /// busy or away.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        self.run_with_retries(Intent::Snapshot, work)
    }

    /// Runs `read` in a session that sees one snapshot, however long it takes. Tries only
    /// once: what `read` hands out cannot be taken back.
    pub(crate) fn read_once<T: Send + 'static>(
        &self,
        read: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.run(Intent::Snapshot, Instant::now() + LONGEST_READ, read)
    }

    fn run<T: Send + 'static>(
        &self,
        intent: Intent,
        deadline: Instant,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.runtime
            .block_on(self.store.run(intent, deadline, work))
    }

    fn run_with_retries<T: Send + 'static>(
        &self,
        intent: Intent,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + Sync + 'static,
    ) -> Result<T, Failure> {
        let work = Arc::new(work);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let work = Arc::clone(&work);
            match self.run(intent, deadline, move |session| work(session)) {
                Err(error) if may_pass(&error) && Instant::now() + PAUSE < deadline => {
                    thread::sleep(PAUSE);
                }
                result => return Ok(result?),
            }
        }
    }
}

/// Returns whether another attempt may succeed.
fn may_pass(error: &AppError) -> bool {
    matches!(
        error,
        AppError::Unavailable(
            Unavailable::Database(_) | Unavailable::Contention | Unavailable::QueueFull
        ) | AppError::OutcomeUnknown(_)
    )
}

impl Drop for BlockingStore {
    fn drop(&mut self) {
        if let Some(database) = self.database.take() {
            database.close();
        }
    }
}
