//! Where MySQL and MariaDB differ from other engines.

pub(super) mod bulk;
pub(super) mod force_index;

use std::collections::HashMap;
use std::iter;

use byline_domain::Id;
use diesel::connection::SimpleConnection;
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::BigInt;

pub(super) use crate::mysql::dialect::force_index::scan_index;

use super::Connection;
use crate::lists::keyset::{KeysetPredicate, Side};
use crate::mysql::attempt_id::AttemptId;
use crate::mysql::errors::{NoIdLeft, at_commit};
pub(super) use crate::mysql::errors::{breaks_unnamed_foreign_key, classify};
use crate::mysql::repository::table::EntityTable;

/// The statements of an entity's table that only MySQL has. The origin of a row is the attempt
/// that inserts it.
pub(crate) trait EngineTable: EntityTable {
    /// Returns about how many bytes the row takes in a statement.
    fn size(row: &Self::New<'_>) -> usize;

    /// Finds a row and locks it until the session ends.
    fn find_for_update(connection: &mut Connection, id: i64) -> QueryResult<Option<Self::Row>>;

    fn insert(
        connection: &mut Connection,
        row: &Self::New<'_>,
        origin: Option<&[u8]>,
    ) -> QueryResult<i64>;

    fn insert_all(
        connection: &mut Connection,
        rows: Vec<(&Self::New<'_>, &[u8])>,
    ) -> QueryResult<usize>;

    fn insert_all_under(
        connection: &mut Connection,
        rows: &[(i64, Self::New<'_>)],
    ) -> QueryResult<usize>;

    /// Returns the ids of the rows that have one of these origins.
    fn find_by_origin(
        connection: &mut Connection,
        origins: Vec<&[u8]>,
    ) -> QueryResult<Vec<(i64, Option<Vec<u8>>)>>;

    /// Returns the greatest id that a row has.
    fn greatest_id(connection: &mut Connection) -> QueryResult<Option<i64>>;

    /// Returns the fields of a row that exists for a moment only. Every text of it is `text`, an
    /// e-mail address.
    fn placeholder(
        connection: &mut Connection,
        text: &str,
        parents: &mut bulk::Placeholders,
    ) -> QueryResult<Self>;
}

/// Implements [`EngineTable`] for a table with these columns.
macro_rules! engine_table {
    (
        $entity:ident, $table:ident;
        parents { $($parent:ident)* } texts { $($text:ident)* } computed { $($computed:ident)* }
    ) => {
        crate::mysql::dialect::force_index::columns! {
            $table: id $($parent)* $($text)* $($computed)* created_at updated_at version origin
        }

        impl dialect::EngineTable for $entity {
            fn size(row: &NewRow<'_>) -> usize {
                64 $(+ row.$text.len())* $(+ row.$computed.len())*
            }

            fn find_for_update(connection: &mut Connection, id: i64) -> QueryResult<Option<Row>> {
                let row = $table::table.find(id).select(Row::as_select());
                row.for_update().get_result(connection).optional()
            }

            fn insert(
                connection: &mut Connection,
                row: &NewRow<'_>,
                origin: Option<&[u8]>,
            ) -> QueryResult<i64> {
                let row = (row, $table::origin.eq(origin));
                let insert = diesel::insert_into($table::table).values(row);
                dialect::inserted_id(connection, insert)
            }

            fn insert_all(
                connection: &mut Connection,
                rows: Vec<(&NewRow<'_>, &[u8])>,
            ) -> QueryResult<usize> {
                let rows = rows.into_iter();
                let rows = rows.map(|(row, origin)| (row, $table::origin.eq(Some(origin))));
                let insert = diesel::insert_into($table::table).values(rows.collect::<Vec<_>>());
                insert.execute(connection)
            }

            fn insert_all_under(
                connection: &mut Connection,
                rows: &[(i64, NewRow<'_>)],
            ) -> QueryResult<usize> {
                let rows = rows.iter().map(|(id, row)| ($table::id.eq(id), row));
                let insert = diesel::insert_into($table::table).values(rows.collect::<Vec<_>>());
                insert.execute(connection)
            }

            fn find_by_origin(
                connection: &mut Connection,
                origins: Vec<&[u8]>,
            ) -> QueryResult<Vec<(i64, Option<Vec<u8>>)>> {
                let rows = $table::table.filter($table::origin.eq_any(origins));
                rows.select(($table::id, $table::origin)).load(connection)
            }

            fn greatest_id(connection: &mut Connection) -> QueryResult<Option<i64>> {
                $table::table.select(diesel::dsl::max($table::id)).first(connection)
            }

            fn placeholder(
                connection: &mut Connection,
                text: &str,
                parents: &mut dialect::bulk::Placeholders,
            ) -> QueryResult<Self> {
                let _ = (&connection, &parents);
                Ok(Self {
                    $($parent: parents.any_row(connection)?,)*
                    $($text: dialect::bulk::parsed(text)?,)*
                })
            }
        }
    };
}
pub(super) use engine_table;

/// Inserts the row with the mark of the attempt, and returns its id. If an earlier attempt with
/// this mark may have been committed, its row may be the reason that a constraint is broken, so
/// the row is looked up. The insertion has waited for other transactions: a row that does not
/// exist by now will never exist.
pub(super) fn insert<E: EngineTable>(
    connection: &mut Connection,
    row: &E::New<'_>,
) -> QueryResult<i64> {
    let origin = connection.origin;
    let token = origin.as_ref().map(|origin| origin.token.as_bytes());
    let inserted = checked_insert(connection, E::PLURAL, |connection| {
        E::insert(connection, row, token)
    });
    match (&inserted, token) {
        (
            Err(Error::DatabaseError(
                DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation,
                _,
            )),
            Some(token),
        ) if origin.is_some_and(|origin| origin.repeated) => {
            let found = E::find_by_origin(connection, vec![token])?;
            found.first().map_or(inserted, |(id, _)| Ok(*id))
        }
        _ => inserted,
    }
}

/// Inserts the rows by one statement, and returns their ids in the same order. Marks tell
/// which row has which id: ids need not be consecutive while several transactions insert.
pub(super) fn insert_all<E: EngineTable>(
    connection: &mut Connection,
    rows: &[E::New<'_>],
) -> QueryResult<Vec<i64>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let tokens = iter::repeat_with(AttemptId::new).take(rows.len());
    let tokens: Vec<AttemptId> = tokens.collect();
    let marks = || tokens.iter().map(AttemptId::as_bytes);
    E::insert_all(connection, iter::zip(rows, marks()).collect())?;
    let found: HashMap<_, _> = E::find_by_origin(connection, marks().collect())?
        .into_iter()
        .filter_map(|(id, origin)| Some((origin?, id)))
        .collect();
    marks()
        .map(|mark| found.get(mark).copied().ok_or(Error::NotFound))
        .map(|id| legal(id?))
        .collect()
}

/// Returns the only row of `query`. Changes of the row wait until the session ends.
pub(super) fn get_shared<'query, Q, R>(connection: &mut Connection, query: Q) -> QueryResult<R>
where
    InShareMode<Q>: LoadQuery<'query, Connection, R>,
{
    InShareMode(query).get_result(connection)
}

/// `… LOCK IN SHARE MODE`. diesel would write `FOR SHARE`, which MariaDB does not know.
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

/// Removes the oldest keys. Locks no row that is being written: new rows go to the other end of
/// the index.
pub(super) const DELETE_OLD_KEYS: &str =
    "DELETE FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?";

/// Runs an insertion that returns the id of its row, and refuses an id above the limit.
/// Neither engine can constrain the values of `AUTO_INCREMENT`, so the id is checked before
/// it is committed. A statement that commits by itself needs a transaction for that, except
/// once the connection has seen that the counter is far from the limit: only millions of
/// insertions move it there.
fn checked_insert(
    connection: &mut Connection,
    table: &'static str,
    insert: impl FnOnce(&mut Connection) -> QueryResult<i64>,
) -> QueryResult<i64> {
    // Without an origin, the caller has a transaction.
    if connection.origin.is_none() {
        return legal(insert(connection)?);
    }
    if connection.is_far_from_limit(table) {
        let id = insert(connection)?;
        connection.note_id(table, id);
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
    connection.note_id(table, id);
    Ok(id)
}

/// Returns the id, or [`NoIdLeft`] in an [`Error::DeserializationError`].
fn legal(id: i64) -> QueryResult<i64> {
    match Id::<()>::try_from(id) {
        Ok(_) => Ok(id),
        Err(_) => Err(Error::DeserializationError(Box::new(NoIdLeft))),
    }
}

/// Runs an INSERT and returns the id of its row, in the same round trip if the server can
/// (MariaDB 10.5), otherwise in a second one.
pub(super) fn inserted_id<S>(connection: &mut Connection, insert: S) -> QueryResult<i64>
where
    S: QueryFragment<Mysql>
        + QueryId
        + RunQueryDsl<Connection>
        + diesel::query_dsl::methods::ExecuteDsl<Connection>,
{
    if connection.has_returning {
        return ReturningId(insert).get_result(connection);
    }
    insert.execute(connection)?;
    let id: u64 = diesel::select(last_insert_id()).get_result(connection)?;
    i64::try_from(id).map_err(|error| Error::DeserializationError(Box::new(error)))
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Returns the id of the row of this connection's last INSERT.
    fn last_insert_id() -> Unsigned<BigInt>;
}

/// `… RETURNING id`, which diesel does not support for MySQL.
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
