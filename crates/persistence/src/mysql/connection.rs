//! diesel's synchronous connection over diesel-async's.

pub(super) mod connect;
mod diesel_impls;
pub(super) mod durability;
pub(super) mod error;
pub(super) mod kill;
pub(super) mod node_state;
pub(super) mod packet;
pub(super) mod pool;
pub(super) mod settings;
pub(super) mod staleness;
pub(super) mod unprepared;
pub(super) mod unwind;
pub(super) mod variables;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_domain::Id;
use diesel::QueryResult;
use diesel::connection::AnsiTransactionManager;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::AsyncMysqlConnection;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::attempt_id::AttemptId;
use super::errors;
use kill::Killer;
use unwind::caught;

/// The longest time that a statement may take. The server has shorter limits, so this
/// ends the wait for a server that is silent.
const STATEMENT_LIMIT: Duration = Duration::from_secs(6);

/// How long before its limit a statement is killed on the server: its answer then says
/// that nothing was done, while silence would leave that open.
const GRACE: Duration = Duration::from_millis(500);

/// A connection that blocks its thread, but never beyond its deadline.
///
/// A statement that exceeds its time limit leaves the connection in the middle of the
/// protocol: the connection is lost then, and refuses every statement.
///
/// diesel-async's own wrapper cannot do this: its `BlockOn` has to return the result of
/// the future, and knows no deadline.
pub(super) struct Connection {
    inner: AsyncMysqlConnection,
    /// Drives `inner`; dropped after it.
    driver: Driver,
    /// The state of diesel's own transactions, which only migrations use.
    transactions: AnsiTransactionManager,
    /// No statement may exceed it.
    pub(super) deadline: Option<Instant>,
    limit: Duration,
    lost: bool,
    /// Whether the server has said that it can do nothing at present, while another one may.
    pub(super) is_unfit: bool,
    /// Cancels statements.
    cancel: Option<CancelSignal>,
    /// The server's number of this connection.
    id: u32,
    /// Identifies the server, among those that a name may resolve to.
    server: String,
    /// Kills statements on the server when their time is over.
    killer: Option<Arc<Killer>>,
    /// Whether a statement of this connection was killed on the server. The kill may
    /// arrive late and hit the next statement.
    killed: bool,
    /// Whether the server supports `INSERT … RETURNING`.
    pub(super) has_returning: bool,
    /// The mark of the rows that are inserted.
    pub(super) origin: Option<InsertMarker>,
    /// The tables whose ids are far from the limit.
    far_from_limit: BTreeSet<&'static str>,
}

/// A runtime that ends without waiting for its threads: the last connections may be
/// dropped in a task of another runtime, which must not block.
struct Driver(Option<Runtime>);

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Receives a message when statements on a server are no longer to be waited for.
pub(super) type CancelSignal = watch::Receiver<()>;

/// Marks inserted rows with the attempt that inserts them.
#[derive(Clone, Copy, Debug)]
pub(super) struct InsertMarker {
    /// The value to store in the row.
    pub(super) token: AttemptId,
    /// Whether an earlier attempt with this id may have been committed.
    pub(super) repeated: bool,
}

impl Connection {
    /// Returns a connection that was made on `runtime`.
    pub(super) fn new(inner: AsyncMysqlConnection, id: u32, runtime: Runtime) -> Self {
        Self {
            inner,
            driver: Driver(Some(runtime)),
            transactions: AnsiTransactionManager::default(),
            deadline: None,
            limit: STATEMENT_LIMIT,
            lost: false,
            is_unfit: false,
            cancel: None,
            id,
            server: String::new(),
            killer: None,
            killed: false,
            has_returning: false,
            origin: None,
            far_from_limit: BTreeSet::new(),
        }
    }

    /// Sets the time limit of each statement, and removes the deadline.
    pub(super) fn set_statement_limit(&mut self, limit: Duration) {
        self.deadline = None;
        self.limit = limit;
    }

    /// Returns whether the connection is of no use any more.
    pub(super) fn is_lost(&self) -> bool {
        let is_cancelled = |cancel: &CancelSignal| cancel.has_changed().unwrap_or(false);
        self.lost || self.killed || self.cancel.as_ref().is_some_and(is_cancelled)
    }

    /// Gives the connection up: it may be in a transaction that nothing will end.
    pub(super) fn give_up(&mut self) {
        self.lost = true;
    }

    /// Returns whether the last row that was inserted into the table on this connection has an id far
    /// from the limit.
    pub(super) fn is_far_from_limit(&self, table: &'static str) -> bool {
        self.far_from_limit.contains(table)
    }

    /// Notes an id that the table gave.
    pub(super) fn note_id(&mut self, table: &'static str, id: i64) {
        if id <= Id::<()>::MAX_IMPORTED.get() {
            self.far_from_limit.insert(table);
        } else {
            self.far_from_limit.remove(table);
        }
    }

    /// Waits for the result of `query`, but not beyond the deadline.
    fn wait<T>(
        &mut self,
        query: impl AsyncFnOnce(&mut AsyncMysqlConnection) -> QueryResult<T>,
    ) -> QueryResult<T> {
        if self.lost {
            return Err(lost("the connection is lost"));
        }
        let Some(runtime) = &self.driver.0 else {
            return Err(lost("the connection is closed"));
        };
        let now = Instant::now();
        let limit = now + self.limit;
        let limit = self.deadline.map_or(limit, |deadline| deadline.min(limit));
        if limit <= now {
            // The server would execute the statement, and nothing would wait for it.
            self.lost = true;
            return Err(lost(NO_ANSWER));
        }
        // A statement that begins shortly before the limit is not killed.
        let kill_at = limit
            .checked_sub(GRACE)
            .filter(|at| at.saturating_duration_since(now) >= GRACE)
            .zip(self.killer.as_deref());
        let (cancel, inner) = (&mut self.cancel, &mut self.inner);
        let mut killed = false;
        let ended = caught(|| {
            runtime.block_on(async {
                let mut answer = pin!(query(inner));
                if let Some((at, killer)) = kill_at {
                    match wait_until(at, &mut answer, cancel).await {
                        WaitResult::TimedOut => {
                            killer.request(&self.server, format!("KILL QUERY {}", self.id));
                            killed = true;
                        }
                        other => return other,
                    }
                }
                wait_until(limit, &mut answer, cancel).await
            })
        });
        self.killed |= killed;
        let result = match ended {
            Ok(WaitResult::Answered(answer)) => answer,
            Ok(WaitResult::TimedOut) => Err(self.abandon(NO_ANSWER)),
            Ok(WaitResult::Cancelled) => Err(self.abandon("the server is not waited for any more")),
            Err(panic) => {
                tracing::warn!(
                    panic,
                    "the database driver panicked over what the server sent"
                );
                Err(lost("the driver panicked over what the server sent"))
            }
        };
        if let Err(error) = &result {
            self.is_unfit |= errors::is_unfit(error);
            self.lost |= self.is_unfit || errors::is_lost(error);
        }
        result
    }

    /// Has the server close the connection, and returns the error to report.
    fn abandon(&self, reason: &str) -> Error {
        if let Some(killer) = &self.killer {
            killer.request(&self.server, format!("KILL CONNECTION {}", self.id));
        }
        lost(reason)
    }
}

/// The result of waiting for an answer.
enum WaitResult<T> {
    Answered(T),
    Cancelled,
    TimedOut,
}

async fn wait_until<T>(
    limit: Instant,
    answer: impl Future<Output = T>,
    cancel: &mut Option<CancelSignal>,
) -> WaitResult<T> {
    tokio::select! {
        biased;
        answer = tokio::time::timeout_at(limit.into(), answer) => {
            answer.map_or(WaitResult::TimedOut, WaitResult::Answered)
        }
        () = cancelled(cancel) => WaitResult::Cancelled,
    }
}

/// Ends when the signal arrives.
async fn cancelled(cancel: &mut Option<CancelSignal>) {
    if let Some(cancel) = cancel
        && cancel.changed().await.is_ok()
    {
        // `is_lost` must see the signal, too.
        cancel.mark_changed();
        return;
    }
    std::future::pending::<()>().await;
}

/// Returns whether the statement failed because its time was over.
pub(super) fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(_, information) if information.message().ends_with(NO_ANSWER))
}

const NO_ANSWER: &str = "the server did not answer in time";

/// Returns an error of the connection in the driver's own form.
fn lost(reason: &str) -> Error {
    let text = format!("{}{reason}", errors::DRIVER_ERROR);
    Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text))
}
