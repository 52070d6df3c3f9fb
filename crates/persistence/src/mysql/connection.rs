//! diesel's synchronous connection over diesel-async's.

use std::time::{Duration, Instant};
use std::{iter, vec};

use byline_domain::UserId;
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

use super::dialect::{self, Counter};
use super::token::Token;
use super::unwind::caught;

/// The longest that a statement may take. The server is
/// told to give up earlier, so this ends the wait for a server that is silent.
const STATEMENT_LIMIT: Duration = Duration::from_secs(6);

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
    fence: Option<Fence>,
    has_returning: bool,
    origin: Option<Origin>,
    users_far_from_limit: bool,
    posts_far_from_limit: bool,
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
pub(super) type Fence = watch::Receiver<()>;

/// Which attempt inserts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Marks the row.
    pub(super) token: Token,
    /// Whether an earlier attempt with this token may have been committed.
    pub(super) repeated: bool,
}

impl Connection {
    /// A connection that was made on `runtime`.
    pub(super) fn new(inner: AsyncMysqlConnection, runtime: Runtime) -> Self {
        Self {
            inner,
            driver: Driver(Some(runtime)),
            transactions: AnsiTransactionManager::default(),
            deadline: None,
            limit: STATEMENT_LIMIT,
            lost: false,
            unfit: false,
            fence: None,
            has_returning: false,
            origin: None,
            users_far_from_limit: false,
            posts_far_from_limit: false,
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
        self.lost || self.is_fenced()
    }

    /// Has statements broken off when `fence` says so.
    pub(super) fn set_fence(&mut self, fence: Fence) {
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
    pub(super) fn origin(&self) -> Option<Origin> {
        self.origin
    }

    pub(super) fn set_origin(&mut self, origin: Option<Origin>) {
        self.origin = origin;
    }

    /// Whether a row was inserted on this connection under an id far from the limit.
    pub(super) fn is_far_from_limit(&self, counter: Counter) -> bool {
        match counter {
            Counter::Users => self.users_far_from_limit,
            Counter::Posts => self.posts_far_from_limit,
        }
    }

    /// Notes an id that the counter gave.
    pub(super) fn note_id(&mut self, counter: Counter, id: i64) {
        let is_far = id <= UserId::MAX_IMPORTED.get();
        match counter {
            Counter::Users => self.users_far_from_limit = is_far,
            Counter::Posts => self.posts_far_from_limit = is_far,
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
        let limit = Instant::now() + self.limit;
        let limit = self.deadline.map_or(limit, |deadline| deadline.min(limit));
        let fence = &mut self.fence;
        let inner = &mut self.inner;
        let result = caught(|| {
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    answer = tokio::time::timeout_at(limit.into(), ask(inner)) => {
                        answer.unwrap_or_else(|_| Err(lost(NO_ANSWER)))
                    }
                    () = broken_off(fence) => Err(lost("the server is not waited for any more")),
                }
            })
        });
        let result = result.unwrap_or_else(|panic| {
            tracing::warn!(
                panic,
                "the database driver panicked over what the server sent"
            );
            Err(lost("the driver panicked over what the server sent"))
        });
        if let Err(error) = &result {
            self.unfit |= dialect::is_unfit(error);
            self.lost |= self.unfit || dialect::is_lost(error);
        }
        result
    }
}

/// Ends when the fence says so.
async fn broken_off(fence: &mut Option<Fence>) {
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
    let text = format!("{}{reason}", dialect::DRIVER_ERROR);
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
