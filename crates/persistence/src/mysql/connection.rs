//! diesel's synchronous connection over diesel-async's.

pub(super) mod connect;
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

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{iter, vec};

use byline_domain::Id;
use diesel::connection::{
    AnsiTransactionManager, CacheSize, ConnectionSealed, Instrumentation, LoadConnection,
    SimpleConnection,
};
use diesel::migration::{CREATE_MIGRATIONS_TABLE, MigrationConnection};
use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::{ConnectionError, DatabaseErrorKind, Error};
use diesel::{ConnectionResult, QueryResult};
use diesel_async::{
    AsyncConnection, AsyncConnectionCore, AsyncMysqlConnection, SimpleAsyncConnection,
};
use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use super::errors;
use crate::mysql::attempt_id::AttemptId;
use crate::mysql::connection::kill::{Extent, Killer};
use crate::mysql::connection::unwind::caught;

/// The longest that a statement may take. The server is
/// told to give up earlier, so this ends the wait for a server that is silent.
const STATEMENT_LIMIT: Duration = Duration::from_secs(6);

/// How long before its time is over a statement is ended on the server: its
/// answer then says that nothing was done, while silence would leave that open.
const GRACE: Duration = Duration::from_millis(500);

/// A connection that blocks its thread, but never beyond a moment that is set.
///
/// A statement whose time is over leaves the connection in the middle of the
/// protocol: it is lost from then on and refuses everything.
///
/// diesel-async's own wrapper cannot do this: its `BlockOn` has to give
/// whatever the future would have given, and no moment is handed to it.
pub(super) struct Connection {
    inner: AsyncMysqlConnection,
    /// Drives `inner`; dropped after it.
    driver: Driver,
    /// Of diesel's own transactions, which only migrations use.
    transactions: AnsiTransactionManager,
    deadline: Option<Instant>,
    limit: Duration,
    lost: bool,
    unfit: bool,
    fence: Option<CancelSignal>,
    /// The server's number of this connection, and which server it is.
    id: u32,
    server: String,
    killer: Option<Arc<Killer>>,
    /// Whether a statement of this connection was ended on the server. The
    /// order may arrive late and hit the next one.
    killed: bool,
    has_returning: bool,
    origin: Option<InsertMarker>,
    /// The tables whose ids are far from the limit.
    far_from_limit: BTreeSet<&'static str>,
}

/// A runtime that ends without waiting for its threads: the last connections may
/// be dropped where nobody may wait, in the end of a task of another runtime.
struct Driver(Option<Runtime>);

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Tells that nobody is to wait for a server any more: whoever holds the other
/// end sends something.
pub(super) type CancelSignal = watch::Receiver<()>;

/// Which attempt inserts.
#[derive(Clone, Copy, Debug)]
pub(super) struct InsertMarker {
    /// Marks the row.
    pub(super) token: AttemptId,
    /// Whether an earlier attempt with this token may have been committed.
    pub(super) repeated: bool,
}

impl Connection {
    /// A connection that was made on `runtime`.
    pub(super) fn new(inner: AsyncMysqlConnection, id: u32, runtime: Runtime) -> Self {
        Self {
            inner,
            driver: Driver(Some(runtime)),
            transactions: AnsiTransactionManager::default(),
            deadline: None,
            limit: STATEMENT_LIMIT,
            lost: false,
            unfit: false,
            fence: None,
            id,
            server: String::new(),
            killer: None,
            killed: false,
            has_returning: false,
            origin: None,
            far_from_limit: BTreeSet::new(),
        }
    }

    /// Lets no statement from now on wait beyond `deadline`.
    pub(super) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Lets every statement take as long as `limit`, and forgets the deadline.
    pub(super) fn wait_as_long_as(&mut self, limit: Duration) {
        self.deadline = None;
        self.limit = limit;
    }

    /// Whether nothing can be done with this connection any more.
    pub(super) fn is_lost(&self) -> bool {
        self.lost || self.killed || self.is_fenced()
    }

    /// Which server this is, among those that a name may lead to.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    pub(super) fn set_server(&mut self, server: String) {
        self.server = server;
    }

    /// Has statements ended on the server when their time is over.
    pub(super) fn set_killer(&mut self, killer: Arc<Killer>) {
        self.killer = Some(killer);
    }

    /// Has the server end a statement that is not waited for any more.
    fn abandon(&self, reason: &str) -> Error {
        if let Some(killer) = &self.killer {
            killer.order(self.id, &self.server, Extent::Connection);
        }
        lost(reason)
    }

    /// Has statements broken off when `fence` says so.
    pub(super) fn set_fence(&mut self, fence: CancelSignal) {
        self.fence = Some(fence);
    }

    fn is_fenced(&self) -> bool {
        let fence = self.fence.as_ref();
        fence.is_some_and(|fence| fence.has_changed().unwrap_or(false))
    }

    /// Whether the server has said that it can do nothing at present, while
    /// another one may.
    pub(super) fn is_unfit(&self) -> bool {
        self.unfit
    }

    /// Gives the connection up: it may be in a transaction that nobody ends.
    pub(super) fn give_up(&mut self) {
        self.lost = true;
    }

    /// Whether the server knows `INSERT … RETURNING`.
    pub(super) fn has_returning(&self) -> bool {
        self.has_returning
    }

    pub(super) fn set_has_returning(&mut self, has_returning: bool) {
        self.has_returning = has_returning;
    }

    /// What marks the rows that are inserted.
    pub(super) fn origin(&self) -> Option<InsertMarker> {
        self.origin
    }

    pub(super) fn set_origin(&mut self, origin: Option<InsertMarker>) {
        self.origin = origin;
    }

    /// Whether the last row that was inserted into the table on this connection has an id far
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

    /// Waits for what `ask` gives, but not beyond the deadline.
    fn wait<T>(
        &mut self,
        ask: impl AsyncFnOnce(&mut AsyncMysqlConnection) -> QueryResult<T>,
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
            // The server would carry out what nobody waits for.
            self.lost = true;
            return Err(lost(NO_ANSWER));
        }
        let kill_at = limit.checked_sub(GRACE).filter(|at| {
            // Not for the rest of a time that is nearly over.
            self.killer.is_some() && at.saturating_duration_since(now) >= GRACE
        });
        let (fence, inner) = (&mut self.fence, &mut self.inner);
        let mut killed = false;
        let ended = caught(|| {
            runtime.block_on(async {
                let mut answer = pin!(ask(inner));
                if let (Some(at), Some(killer)) = (kill_at, &self.killer) {
                    match ending(&mut answer, fence, at).await {
                        WaitEnding::Silence => {
                            killer.order(self.id, &self.server, Extent::Statement);
                            killed = true;
                        }
                        other => return other,
                    }
                }
                ending(&mut answer, fence, limit).await
            })
        });
        self.killed |= killed;
        let result = match ended {
            Ok(WaitEnding::Answer(answer)) => answer,
            Ok(WaitEnding::Silence) => Err(self.abandon(NO_ANSWER)),
            Ok(WaitEnding::BrokenOff) => Err(self.abandon("the server is not waited for any more")),
            Err(panic) => {
                tracing::warn!(
                    panic,
                    "the database driver panicked over what the server sent"
                );
                Err(lost("the driver panicked over what the server sent"))
            }
        };
        if let Err(error) = &result {
            self.unfit |= errors::is_unfit(error);
            self.lost |= self.unfit || errors::is_lost(error);
        }
        result
    }
}

/// How the wait for an answer ends.
enum WaitEnding<T> {
    Answer(T),
    BrokenOff,
    /// Time is over.
    Silence,
}

async fn ending<T>(
    answer: impl Future<Output = T>,
    fence: &mut Option<CancelSignal>,
    limit: Instant,
) -> WaitEnding<T> {
    tokio::select! {
        biased;
        answer = tokio::time::timeout_at(limit.into(), answer) => {
            answer.map_or(WaitEnding::Silence, WaitEnding::Answer)
        }
        () = broken_off(fence) => WaitEnding::BrokenOff,
    }
}

/// Ends when the fence says so.
async fn broken_off(fence: &mut Option<CancelSignal>) {
    if let Some(fence) = fence
        && fence.changed().await.is_ok()
    {
        // What has changed is noticed again when the connection is looked at.
        fence.mark_changed();
        return;
    }
    std::future::pending::<()>().await;
}

/// Whether the error is that time was over.
pub(super) fn is_timeout(error: &Error) -> bool {
    matches!(error, Error::DatabaseError(_, information) if information.message().ends_with(NO_ANSWER))
}

const NO_ANSWER: &str = "the server did not answer in time";

/// An error of the connection in the driver's own form.
fn lost(reason: &str) -> Error {
    let text = format!("{}{reason}", errors::DRIVER_ERROR);
    Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text))
}

impl SimpleConnection for Connection {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.wait(async |inner| inner.batch_execute(query).await)
    }
}

impl ConnectionSealed for Connection {}

impl diesel::Connection for Connection {
    type Backend = Mysql;
    type TransactionManager = AnsiTransactionManager;

    fn establish(_: &str) -> ConnectionResult<Self> {
        let text = "connections to a server are opened by the connector";
        Err(ConnectionError::BadConnection(text.into()))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Mysql> + QueryId,
    {
        self.wait(async |inner| inner.execute_returning_count(Cached(source)).await)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transactions
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.inner.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.inner.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.inner.set_prepared_statement_cache_size(size);
    }
}

/// A statement that is prepared once for each connection, and kept.
///
/// Out of care for statements whose text depends on data, diesel prepares every
/// INSERT and UPDATE anew, which costs a round trip. Here no text does: there
/// are as many as there are places in the code.
struct Cached<S>(S);

impl<S: QueryFragment<Mysql>> QueryFragment<Mysql> for Cached<S> {
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &Mysql) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<S: QueryId> QueryId for Cached<S> {
    type QueryId = S::QueryId;
    const HAS_STATIC_QUERY_ID: bool = S::HAS_STATIC_QUERY_ID;
}

impl<S: Query> Query for Cached<S> {
    type SqlType = S::SqlType;
}

type Row = <AsyncMysqlConnection as AsyncConnectionCore>::Row<'static, 'static>;

impl LoadConnection for Connection {
    type Cursor<'conn, 'query> = iter::Map<vec::IntoIter<Row>, fn(Row) -> QueryResult<Row>>;
    type Row<'conn, 'query> = Row;

    /// All rows at once, within one limit: a page has 101 at most.
    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Mysql> + QueryId + 'query,
        Mysql: diesel::expression::QueryMetadata<T::SqlType>,
    {
        let rows: Vec<Row> =
            self.wait(async |inner| inner.load(Cached(source)).await?.try_collect().await)?;
        Ok(rows.into_iter().map(Ok))
    }
}

impl MigrationConnection for Connection {
    fn setup(&mut self) -> QueryResult<usize> {
        self.batch_execute(CREATE_MIGRATIONS_TABLE).map(|()| 0)
    }
}

impl diesel::r2d2::R2D2Connection for Connection {
    fn ping(&mut self) -> QueryResult<()> {
        self.batch_execute("DO 1")
    }

    fn is_broken(&mut self) -> bool {
        self.is_lost()
    }
}
