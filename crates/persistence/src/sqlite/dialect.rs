//! Where SQLite differs from other engines.

use std::sync::Arc;

use byline_application::{Reference, RepositoryError, UniqueKey};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment};
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sqlite::Sqlite;

use super::Connection;
use crate::position::{Compared, Side};
use crate::rows::{NewPostRow, NewUserRow};
use crate::schema::{posts, users};

/// Inserts the row and gives its id.
pub(super) fn insert_user(connection: &mut Connection, row: &NewUserRow<'_>) -> QueryResult<i64> {
    diesel::insert_into(users::table)
        .values(row)
        .returning(users::id)
        .get_result(connection)
}

/// Inserts the row and gives its id.
pub(super) fn insert_post(connection: &mut Connection, row: &NewPostRow<'_>) -> QueryResult<i64> {
    diesel::insert_into(posts::table)
        .values(row)
        .returning(posts::id)
        .get_result(connection)
}

/// Writes `(key, id) > (?, ? COLLATE BINARY)`: SQLite finds the end of an index
/// range in row values (<https://www.sqlite.org/rowvalue.html>, "Scrolling Window
/// Queries").
///
/// The collation changes nothing and must stand there. An index ends with the
/// id as `rowid`, which has no collation of its own; without one, SQLite takes
/// it for other than the index's and compares the ids of all rows with the same
/// key one by one (`whereRangeVectorLen` in its source).
impl<S, Key, Id, Value, Number> QueryFragment<Sqlite> for Compared<S, Key, Id, Value, Number>
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

/// What an error of a statement means. Diesel tells constraints by kind but
/// not by name, and nothing but the text of SQLite's result code of the rest
/// (<https://www.sqlite.org/rescode.html>).
pub(super) fn classify(error: Error) -> RepositoryError {
    let Error::DatabaseError(kind, information) = &error else {
        return RepositoryError::Fault(Arc::new(error));
    };
    match (kind, information.message()) {
        (DatabaseErrorKind::UniqueViolation, "UNIQUE constraint failed: users.email_key") => {
            RepositoryError::Duplicate(UniqueKey::UserEmail)
        }
        // By text: ON DELETE RESTRICT fails as a trigger does, not by the kind.
        (_, "FOREIGN KEY constraint failed") => {
            RepositoryError::MissingReference(Reference::PostAuthor)
        }
        (_, message) if BUSY.iter().any(|text| message.starts_with(text)) => {
            RepositoryError::Contention(Arc::new(error))
        }
        (_, message) if REFUSED.iter().any(|text| message.starts_with(text)) => {
            RepositoryError::Unavailable(Arc::new(error))
        }
        (_, message) if message.starts_with("disk I/O error") => {
            RepositoryError::Unavailable(Arc::new(error))
        }
        _ => RepositoryError::Fault(Arc::new(error)),
    }
}

/// What a failed COMMIT means. After an I/O error the transaction may already
/// stand in the write-ahead log.
pub(super) fn classify_commit(error: Error) -> RepositoryError {
    match &error {
        Error::DatabaseError(_, information)
            if information.message().starts_with("disk I/O error") =>
        {
            RepositoryError::OutcomeUnknown(Arc::new(error))
        }
        _ => RepositoryError::Unavailable(Arc::new(error)),
    }
}

/// `SQLITE_BUSY`, `SQLITE_LOCKED`
const BUSY: [&str; 2] = ["database is locked", "database table is locked"];

/// `SQLITE_FULL`, `SQLITE_READONLY`, `SQLITE_CANTOPEN`, `SQLITE_PROTOCOL`,
/// `SQLITE_NOMEM`
const REFUSED: [&str; 5] = [
    "database or disk is full",
    "attempt to write a readonly database",
    "unable to open database file",
    "locking protocol",
    "out of memory",
];
