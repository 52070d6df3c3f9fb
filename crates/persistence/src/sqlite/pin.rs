//! A lock that spares all others.
//!
//! Each read takes a shared lock on the write-ahead log's index and gives it
//! back, two `fcntl` calls that cost more than the rest of a point read. SQLite
//! counts such locks by process, and calls only for the first and the last. So a
//! thread that keeps a transaction open, on a connection that does nothing
//! else, spares the connections beside it the calls. They still begin a
//! transaction for each read, and see what was committed before it.
//!
//! An open transaction is in the way of a checkpoint. So it is kept for a moment
//! only, while there are reads, and there is a pause before the next.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};

use super::Connection;
use super::connection::{self, Role};

/// How long the transaction is kept.
const HOLD: Duration = Duration::from_millis(50);

/// How long it is then left to others.
const PAUSE: Duration = Duration::from_millis(5);

/// Whether there are reads to be spared the locking.
#[derive(Default)]
pub(super) struct Pin {
    state: AtomicU8,
    keeper: OnceLock<Thread>,
}

/// No reads, and the keeper sleeps.
const IDLE: u8 = 0;
/// No reads since the keeper looked last.
const QUIET: u8 = 1;
/// Reads since then.
const WANTED: u8 = 2;
/// The store closes.
const CLOSED: u8 = 3;

impl Pin {
    /// Tells that there is a read.
    pub(super) fn ask(&self) {
        match self.state.load(Ordering::Relaxed) {
            IDLE if self.turn(IDLE, WANTED) => self.wake(),
            QUIET => {
                self.turn(QUIET, WANTED);
            }
            _ => {}
        }
    }

    /// Ends the keeper.
    pub(super) fn close(&self) {
        self.state.store(CLOSED, Ordering::Release);
        self.wake();
    }

    /// Tells whose sleep [`ask`](Self::ask) ends.
    pub(super) fn set_keeper(&self, keeper: Thread) {
        let _ = self.keeper.set(keeper);
        // It may have been asked for before.
        self.wake();
    }

    /// Keeps the lock whenever it is asked to, until the end.
    pub(super) fn keep(&self, path: &Path) {
        let mut held = None;
        loop {
            match self.state.load(Ordering::Acquire) {
                CLOSED => return,
                IDLE => thread::park(),
                QUIET => {
                    self.turn(QUIET, IDLE);
                }
                _ => {
                    self.turn(WANTED, QUIET);
                    match held
                        .take()
                        .or_else(|| connection::establish(path, Role::Direct).ok())
                    {
                        Some(mut connection) => {
                            // Without it all is as well, only dearer.
                            if self.hold(&mut connection).is_ok() {
                                held = Some(connection);
                            }
                            self.rest(PAUSE);
                        }
                        None => self.rest(HOLD),
                    }
                }
            }
        }
    }

    fn hold(&self, connection: &mut Connection) -> diesel::QueryResult<()> {
        AnsiTransactionManager::begin_transaction(connection)?;
        // The transaction begins with its first statement that reads.
        let begun = connection.batch_execute("SELECT 1 FROM sqlite_schema LIMIT 1");
        self.rest(HOLD);
        let ended = AnsiTransactionManager::rollback_transaction(connection);
        begun.and(ended)
    }

    /// Lets the time pass, or the store close.
    fn rest(&self, time: Duration) {
        let end = Instant::now() + time;
        while self.state.load(Ordering::Acquire) != CLOSED {
            match end.checked_duration_since(Instant::now()) {
                Some(rest) if !rest.is_zero() => thread::park_timeout(rest),
                _ => return,
            }
        }
    }

    fn turn(&self, from: u8, to: u8) -> bool {
        self.state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    fn wake(&self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.unpark();
        }
    }
}
