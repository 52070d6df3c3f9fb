//! Where SQLite differs from other engines.

pub(super) mod bulk;

use std::iter;
use std::ops::RangeFrom;
use std::sync::Arc;

use byline_application::RepositoryError;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::query_dsl::LoadQuery;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::BigInt;
use diesel::sqlite::Sqlite;

use super::Connection;
use crate::lists::index::Index;
use crate::lists::keyset::{KeysetPredicate, Side};
use crate::schema::UNIQUE_KEYS;
use crate::sqlite::repository::table::EntityTable;

/// Selects the rows of a table by this index, which SQLite finds by itself.
pub(super) fn scan_index<I: Index>(_: I) -> I::Table {
    I::TABLE
}

/// The statements of an entity's table that only SQLite has.
pub(crate) trait EngineTable: EntityTable {
    /// Selects the id that AUTOINCREMENT would give
    /// (<https://www.sqlite.org/autoinc.html>).
    const NEXT_ID: &'static str;

    /// Finds a row, which does not change until the session ends: only one session writes at a
    /// time.
    fn find_for_update(connection: &mut Connection, id: i64) -> QueryResult<Option<Self::Row>> {
        Self::find(connection, id)
    }

    fn insert(connection: &mut Connection, row: &Self::New<'_>) -> QueryResult<i64>;

    fn insert_under(
        connection: &mut Connection,
        id: i64,
        row: &Self::New<'_>,
    ) -> QueryResult<usize>;

    fn insert_all_under(
        connection: &mut Connection,
        rows: Vec<(i64, &Self::New<'_>)>,
    ) -> QueryResult<usize>;
}

/// Implements [`EngineTable`] for a table with these columns.
macro_rules! engine_table {
    (
        $entity:ident, $table:ident;
        parents { $($parent:ident)* } texts { $($text:ident)* } computed { $($computed:ident)* }
    ) => {
        impl dialect::EngineTable for $entity {
            const NEXT_ID: &'static str = concat!(
                "SELECT 1 + max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = '",
                stringify!($table),
                "'), 0), coalesce((SELECT max(id) FROM ",
                stringify!($table),
                "), 0))"
            );

            fn insert(connection: &mut Connection, row: &NewRow<'_>) -> QueryResult<i64> {
                let insert = diesel::insert_into($table::table).values(row);
                insert.returning($table::id).get_result(connection)
            }

            fn insert_under(
                connection: &mut Connection,
                id: i64,
                row: &NewRow<'_>,
            ) -> QueryResult<usize> {
                let insert = diesel::insert_into($table::table).values(($table::id.eq(id), row));
                insert.execute(connection)
            }

            fn insert_all_under(
                connection: &mut Connection,
                rows: Vec<(i64, &NewRow<'_>)>,
            ) -> QueryResult<usize> {
                let rows = rows.into_iter().map(|(id, row)| ($table::id.eq(id), row));
                let insert = diesel::insert_into($table::table).values(rows.collect::<Vec<_>>());
                insert.execute(connection)
            }
        }
    };
}
pub(super) use engine_table;

/// Inserts the row and returns its id.
pub(super) fn insert<E: EngineTable>(
    connection: &mut Connection,
    row: &E::New<'_>,
) -> QueryResult<i64> {
    E::insert(connection, row)
}

/// Inserts the rows by one statement, and returns their ids in the same order.
pub(super) fn insert_all<E: EngineTable>(
    connection: &mut Connection,
    rows: &[E::New<'_>],
) -> QueryResult<Vec<i64>> {
    let ids = next_ids::<E>(connection)?;
    E::insert_all_under(connection, iter::zip(ids.clone(), rows).collect())?;
    Ok(ids.take(rows.len()).collect())
}

/// Returns the ids that AUTOINCREMENT would give. Inserting them explicitly decides which row has
/// which id: RETURNING guarantees no order. No other transaction can take them, because only
/// one writes at a time.
fn next_ids<E: EngineTable>(connection: &mut Connection) -> QueryResult<RangeFrom<i64>> {
    let next: i64 = sql::<BigInt>(E::NEXT_ID).get_result(connection)?;
    Ok(next..)
}

/// Returns the only row of `query`. It does not change until the session ends: only one session
/// writes at a time.
pub(super) fn get_shared<'query, Q, R>(connection: &mut Connection, query: Q) -> QueryResult<R>
where
    Q: LoadQuery<'query, Connection, R> + RunQueryDsl<Connection>,
{
    query.get_result(connection)
}

/// Writes `(key, id) > (?, ? COLLATE BINARY)`: SQLite finds the end of an index range in row
/// values (<https://www.sqlite.org/rowvalue.html>, "Scrolling Window Queries").
///
/// The collation does not change the result, but is necessary. The id, as the `rowid` at the
/// end of an index, has no collation of its own. Without one, SQLite assumes that it differs
/// from the index's, and compares the ids of all rows with the same key one by one
/// (`whereRangeVectorLen` in its source).
impl<S, Key, Id, Value, Number> QueryFragment<Sqlite> for KeysetPredicate<S, Key, Id, Value, Number>
where
    S: Side,
    Key: QueryFragment<Sqlite>,
    Id: QueryFragment<Sqlite>,
    Value: QueryFragment<Sqlite>,
    Number: QueryFragment<Sqlite>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("(");
        self.key.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.id.walk_ast(out.reborrow())?;
        out.push_sql(")");
        out.push_sql(self.side.operator());
        out.push_sql("(");
        self.at_key.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.at_id.walk_ast(out.reborrow())?;
        out.push_sql(" COLLATE BINARY)");
        Ok(())
    }
}

/// Removes the oldest keys. diesel does not let a DELETE select from its own table.
pub(super) const DELETE_OLD_KEYS: &str = "DELETE FROM idempotency_keys WHERE rowid IN \
    (SELECT rowid FROM idempotency_keys WHERE created_at < ? ORDER BY created_at LIMIT ?)";

/// Classifies an error of a statement. diesel gives the kind of a broken constraint, but not its
/// name; of other errors it gives only the text of SQLite's result code
/// (<https://www.sqlite.org/rescode.html>).
pub(super) fn classify(error: Error) -> RepositoryError {
    let Error::DatabaseError(kind, information) = &error else {
        return RepositoryError::Fault(Arc::new(error));
    };
    match (kind, information.message()) {
        (DatabaseErrorKind::UniqueViolation, message) => {
            let name = message.strip_prefix("UNIQUE constraint failed: ");
            let name = name.and_then(|name| name.split_once('.'));
            let mut keys = UNIQUE_KEYS.iter();
            match keys.find(|(table, column, _)| name == Some((table, column))) {
                Some((_, _, key)) => RepositoryError::Duplicate(*key),
                None => RepositoryError::Fault(Arc::new(error)),
            }
        }
        // AUTOINCREMENT continues after the greatest valid id.
        (DatabaseErrorKind::CheckViolation, ID_CHECK) => RepositoryError::NoIdLeft,
        (_, message) if BUSY.iter().any(|text| message.starts_with(text)) => {
            RepositoryError::Contention(Arc::new(error))
        }
        (_, message) if REFUSED.iter().any(|text| message.starts_with(text)) => {
            RepositoryError::Unavailable(Arc::new(error))
        }
        _ => RepositoryError::Fault(Arc::new(error)),
    }
}

/// Returns whether a foreign key was broken. SQLite never says which.
pub(super) fn breaks_unnamed_foreign_key(error: &Error) -> bool {
    // By text: ON DELETE RESTRICT fails as a trigger does, not by the kind.
    matches!(error, Error::DatabaseError(_, information)
        if information.message() == "FOREIGN KEY constraint failed")
}

/// Classifies an error of a COMMIT. After an I/O error, the transaction may already be in the
/// write-ahead log.
pub(super) fn classify_commit(error: Error) -> RepositoryError {
    match &error {
        Error::DatabaseError(_, information) if information.message().starts_with(DISK_ERROR) => {
            RepositoryError::OutcomeUnknown(Arc::new(error))
        }
        _ => RepositoryError::Unavailable(Arc::new(error)),
    }
}

/// The unnamed CHECK of every id that a client sees.
const ID_CHECK: &str = "CHECK constraint failed: id BETWEEN 1 AND 9007199254740991";

/// `SQLITE_BUSY`, `SQLITE_LOCKED`
const BUSY: [&str; 2] = ["database is locked", "database table is locked"];

/// `SQLITE_FULL`, `SQLITE_READONLY`, `SQLITE_CANTOPEN`, `SQLITE_PROTOCOL`,
/// `SQLITE_NOMEM`, `SQLITE_IOERR`
const REFUSED: [&str; 6] = [
    "database or disk is full",
    "attempt to write a readonly database",
    "unable to open database file",
    "locking protocol",
    "out of memory",
    DISK_ERROR,
];

const DISK_ERROR: &str = "disk I/O error";

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use byline_domain::{EmailAddress, Timestamp, UserFields, UserName};
    use diesel::connection::{Instrumentation, InstrumentationEvent};
    use diesel::{Connection as _, RunQueryDsl};

    use super::*;
    use crate::rows::RowMeta;
    use crate::sqlite::migrate;
    use crate::sqlite::repository::users::users;

    /// Counts the statements that a connection runs.
    struct Counter(Arc<AtomicUsize>);

    impl Instrumentation for Counter {
        fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    #[test]
    fn many_rows_are_one_statement() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("byline.db");
        migrate(&path).unwrap();
        let mut connection = Connection::establish(&path.to_string_lossy()).unwrap();
        let counted = Arc::new(AtomicUsize::new(0));
        connection.set_instrumentation(Counter(Arc::clone(&counted)));
        let new = |n| UserFields {
            name: UserName::parse("Ada").unwrap(),
            email: EmailAddress::parse(format!("{n}@example.org")).unwrap(),
        };
        let users: Vec<_> = (0..1000).map(new).collect();
        let meta = RowMeta::new(Timestamp::from_micros(1).unwrap());
        let rows = users.iter().map(|new| UserFields::new_row(new, meta));
        let rows: Vec<_> = rows.collect();
        let ids = insert_all::<UserFields>(&mut connection, &rows).unwrap();
        // That of the next id, and the insertion.
        assert_eq!(counted.load(Ordering::Relaxed), 2);
        let stored: Vec<(i64, String)> = users::table
            .select((users::id, users::email))
            .order(users::id)
            .load(&mut connection)
            .unwrap();
        let given = iter::zip(ids, &users).map(|(id, user)| (id, user.email.as_str().to_owned()));
        assert_eq!(stored, given.collect::<Vec<_>>());
    }
}
