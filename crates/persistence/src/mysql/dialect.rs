//! Where MySQL and MariaDB differ from other engines.

pub(super) mod bulk;
pub(super) mod force_index;

use std::collections::HashMap;
use std::iter;

use byline_domain::UserId;
use diesel::connection::SimpleConnection;
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::BigInt;

pub(super) use crate::mysql::dialect::force_index::along;

use super::Connection;
use crate::lists::keyset::{KeysetPredicate, Side};
use crate::mysql::attempt_id::AttemptId;
use crate::mysql::connection::Counter;
pub(super) use crate::mysql::errors::classify;
use crate::mysql::errors::{NoIdLeft, at_commit};
use crate::rows::{NewPostRow, NewUserRow, UserRow};
use crate::schema::{posts, users};

/// Inserts the row and gives its id.
pub(super) fn insert_user(connection: &mut Connection, row: &NewUserRow<'_>) -> QueryResult<i64> {
    insert(
        connection,
        |connection, token| {
            let row = (row, users::origin.eq(token.map(AttemptId::as_bytes)));
            let insert = diesel::insert_into(users::table).values(row);
            given(connection, Counter::Users, |connection| {
                inserted_id(connection, insert)
            })
        },
        |connection, token| {
            users::table
                .filter(users::origin.eq(token.as_bytes()))
                .select(users::id)
                .first(connection)
                .optional()
        },
    )
}

/// Inserts the row and gives its id.
pub(super) fn insert_post(connection: &mut Connection, row: &NewPostRow<'_>) -> QueryResult<i64> {
    insert(
        connection,
        |connection, token| {
            let row = (row, posts::origin.eq(token.map(AttemptId::as_bytes)));
            let insert = diesel::insert_into(posts::table).values(row);
            given(connection, Counter::Posts, |connection| {
                inserted_id(connection, insert)
            })
        },
        |connection, token| {
            posts::table
                .filter(posts::origin.eq(token.as_bytes()))
                .select(posts::id)
                .first(connection)
                .optional()
        },
    )
}

/// The only row of `query`, which stays as it is until the session ends:
/// whoever would change it waits.
pub(super) fn only_held<'query, Q, R>(connection: &mut Connection, query: Q) -> QueryResult<R>
where
    InShareMode<Q>: LoadQuery<'query, Connection, R>,
{
    InShareMode(query).get_result(connection)
}

/// Finds a user and locks its row until the session ends.
pub(super) fn user_for_update(
    connection: &mut Connection,
    id: i64,
) -> QueryResult<Option<UserRow>> {
    users::table
        .find(id)
        .select(UserRow::as_select())
        .for_update()
        .get_result(connection)
        .optional()
}

/// `… LOCK IN SHARE MODE`: what diesel writes instead, MariaDB does not know.
#[derive(QueryId)]
pub(super) struct InShareMode<S>(S);

impl<S: QueryFragment<Mysql>> QueryFragment<Mysql> for InShareMode<S> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        self.0.walk_ast(pass.reborrow())?;
        pass.push_sql(" LOCK IN SHARE MODE");
        Ok(())
    }
}

impl<S: Query> Query for InShareMode<S> {
    type SqlType = S::SqlType;
}

impl<S> RunQueryDsl<Connection> for InShareMode<S> {}

/// Writes `(key > ? OR (key = ? AND id > ?))`: the optimiser finds the ends of
/// an index range in this, and none in `(key, id) > (?, ?)`
/// (<https://dev.mysql.com/doc/refman/8.4/en/row-constructor-optimization.html>).
impl<S, Key, Id, Value, Number> QueryFragment<Mysql> for KeysetPredicate<S, Key, Id, Value, Number>
where
    S: Side,
    Key: QueryFragment<Mysql>,
    Id: QueryFragment<Mysql>,
    Value: QueryFragment<Mysql>,
    Number: QueryFragment<Mysql>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql("(");
        self.key.walk_ast(out.reborrow())?;
        out.push_sql(self.side.operator());
        self.at_key.walk_ast(out.reborrow())?;
        out.push_sql(" OR (");
        self.key.walk_ast(out.reborrow())?;
        out.push_sql(" = ");
        self.at_key.walk_ast(out.reborrow())?;
        out.push_sql(" AND ");
        self.id.walk_ast(out.reborrow())?;
        out.push_sql(self.side.operator());
        self.at_id.walk_ast(out.reborrow())?;
        out.push_sql("))");
        Ok(())
    }
}

/// Inserts the rows by one statement and gives their ids, in the same order.
pub(super) fn insert_users(
    connection: &mut Connection,
    rows: &[NewUserRow<'_>],
) -> QueryResult<Vec<i64>> {
    let tokens = tokens(rows.len());
    let values: Vec<_> = iter::zip(rows, &tokens)
        .map(|(row, token)| (row, users::origin.eq(Some(token.as_bytes()))))
        .collect();
    let insert = diesel::insert_into(users::table).values(values);
    in_order(connection, &tokens, insert, |connection, tokens| {
        users::table
            .filter(users::origin.eq_any(tokens))
            .select((users::id, users::origin))
            .load(connection)
    })
}

/// Inserts the rows by one statement and gives their ids, in the same order.
pub(super) fn insert_posts(
    connection: &mut Connection,
    rows: &[NewPostRow<'_>],
) -> QueryResult<Vec<i64>> {
    let tokens = tokens(rows.len());
    let values: Vec<_> = iter::zip(rows, &tokens)
        .map(|(row, token)| (row, posts::origin.eq(Some(token.as_bytes()))))
        .collect();
    let insert = diesel::insert_into(posts::table).values(values);
    in_order(connection, &tokens, insert, |connection, tokens| {
        posts::table
            .filter(posts::origin.eq_any(tokens))
            .select((posts::id, posts::origin))
            .load(connection)
    })
}

fn tokens(count: usize) -> Vec<AttemptId> {
    iter::repeat_with(AttemptId::new).take(count).collect()
}

/// Inserts rows that are marked with these tokens, and gives their ids in the
/// order of the tokens. Which id has which row is seen, not guessed: where
/// several transactions insert, ids need not follow one another.
fn in_order<S>(
    connection: &mut Connection,
    tokens: &[AttemptId],
    insert: S,
    find: impl FnOnce(&mut Connection, Vec<&[u8]>) -> QueryResult<Vec<(i64, Option<Vec<u8>>)>>,
) -> QueryResult<Vec<i64>>
where
    S: RunQueryDsl<Connection> + diesel::query_dsl::methods::ExecuteDsl<Connection>,
{
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    insert.execute(connection)?;
    let marks = tokens.iter().map(AttemptId::as_bytes).collect();
    let found: HashMap<_, _> = find(connection, marks)?
        .into_iter()
        .filter_map(|(id, origin)| Some((origin?, id)))
        .collect();
    tokens
        .iter()
        .map(|token| found.get(token.as_bytes()).copied().ok_or(Error::NotFound))
        .map(|id| legal(id?))
        .collect()
}

/// Removes at most `most` of the keys from before that moment, the oldest
/// first. Only rows that nobody writes are locked: what is written now goes to
/// the other end of the index.
pub(super) fn delete_keys_before(
    connection: &mut Connection,
    before: i64,
    most: i64,
) -> QueryResult<usize> {
    diesel::sql_query(
        "DELETE FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?",
    )
    .bind::<BigInt, _>(before)
    .bind::<BigInt, _>(most)
    .execute(connection)
}

/// Inserts a row with the mark of the attempt. When an earlier attempt with
/// this mark may have been committed, a broken constraint can be its work: the
/// row is looked for then. The insertion has waited for whatever was going on,
/// so a row that is not there by now will not come.
fn insert(
    connection: &mut Connection,
    insert: impl FnOnce(&mut Connection, Option<&AttemptId>) -> QueryResult<i64>,
    find: impl FnOnce(&mut Connection, &AttemptId) -> QueryResult<Option<i64>>,
) -> QueryResult<i64> {
    let origin = connection.origin();
    let token = origin.as_ref().map(|origin| &origin.token);
    let inserted = insert(connection, token);
    match (&inserted, origin) {
        (
            Err(Error::DatabaseError(
                DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation,
                _,
            )),
            Some(origin),
        ) if origin.repeated => match find(connection, &origin.token)? {
            Some(id) => Ok(id),
            None => inserted,
        },
        _ => inserted,
    }
}

/// Runs an insertion that gives the id of its row, and lets no row have an id
/// above the limit. Neither engine has a constraint on what `AUTO_INCREMENT`
/// gives, so the id is looked at before it is committed. Where the statement
/// commits itself, that takes a transaction; it is spared once a connection has
/// seen that the counter is far from the limit, for nothing but insertions by the
/// million moves it.
fn given(
    connection: &mut Connection,
    counter: Counter,
    insert: impl FnOnce(&mut Connection) -> QueryResult<i64>,
) -> QueryResult<i64> {
    // In a transaction of the caller's there is no origin.
    if connection.origin().is_none() {
        return legal(insert(connection)?);
    }
    if connection.is_far_from_limit(counter) {
        let id = insert(connection)?;
        connection.note_id(counter, id);
        return legal(id);
    }
    connection.batch_execute("START TRANSACTION")?;
    let inserted = insert(connection).and_then(legal);
    let ended = match inserted {
        Ok(_) => connection.batch_execute("COMMIT").map_err(at_commit),
        Err(_) => connection.batch_execute("ROLLBACK"),
    };
    if ended.is_err() {
        connection.give_up();
    }
    let id = inserted?;
    ended?;
    connection.note_id(counter, id);
    Ok(id)
}

/// # Errors
///
/// [`NoIdLeft`] in an [`Error::DeserializationError`].
fn legal(id: i64) -> QueryResult<i64> {
    match UserId::try_from(id) {
        Ok(_) => Ok(id),
        Err(_) => Err(Error::DeserializationError(Box::new(NoIdLeft))),
    }
}

/// Runs an INSERT and gives the id of its row: in the same round trip where
/// the server knows how (MariaDB 10.5), else in a second one.
fn inserted_id<S>(connection: &mut Connection, insert: S) -> QueryResult<i64>
where
    S: QueryFragment<Mysql>
        + QueryId
        + RunQueryDsl<Connection>
        + diesel::query_dsl::methods::ExecuteDsl<Connection>,
{
    if connection.has_returning() {
        return ReturningId(insert).get_result(connection);
    }
    insert.execute(connection)?;
    let id: u64 = diesel::select(last_insert_id()).get_result(connection)?;
    i64::try_from(id).map_err(|error| Error::DeserializationError(Box::new(error)))
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// The id that the last INSERT of this connection was given.
    fn last_insert_id() -> Unsigned<BigInt>;
}

/// `… RETURNING id`, which diesel does not know of MySQL.
#[derive(QueryId)]
struct ReturningId<S>(S);

impl<S: QueryFragment<Mysql>> QueryFragment<Mysql> for ReturningId<S> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        self.0.walk_ast(pass.reborrow())?;
        pass.push_sql(" RETURNING ");
        pass.push_identifier("id")
    }
}

impl<S> Query for ReturningId<S> {
    type SqlType = BigInt;
}

impl<S> RunQueryDsl<Connection> for ReturningId<S> {}
