//! Inserts many rows, one at a time. The statement is prepared once, and there is no round trip
//! that rows could share. Measured, statements with many rows are slower, because they have to
//! be parsed.

use std::iter;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::super::Connection;
use super::{EngineTable, next_ids};
use crate::rows::NewImportRow;
use crate::schema::imports;

/// Inserts the rows under these ids.
pub(in crate::sqlite) fn insert_rows<E: EngineTable>(
    connection: &mut Connection,
    rows: &[(i64, E::New<'_>)],
) -> QueryResult<()> {
    for (id, row) in rows {
        E::insert_under(connection, *id, row)?;
    }
    Ok(())
}

/// Inserts the rows under new ids, and returns these in the order of the rows.
pub(in crate::sqlite) fn insert_with_new_ids<E: EngineTable>(
    connection: &mut Connection,
    rows: &[E::New<'_>],
) -> QueryResult<Vec<i64>> {
    let ids = next_ids::<E>(connection)?;
    for (id, row) in iter::zip(ids.clone(), rows) {
        E::insert_under(connection, id, row)?;
    }
    Ok(ids.take(rows.len()).collect())
}

/// Inserts the row and returns its id.
pub(in crate::sqlite) fn insert_import(
    connection: &mut Connection,
    row: &NewImportRow,
) -> QueryResult<i64> {
    diesel::insert_into(imports::table)
        .values(row)
        .returning(imports::id)
        .get_result(connection)
}

/// Returns the greatest id that was ever given.
pub(in crate::sqlite) fn last_id<E: EngineTable>(connection: &mut Connection) -> QueryResult<i64> {
    Ok(next_ids::<E>(connection)?.start - 1)
}

/// Lets AUTOINCREMENT continue after this id. `sqlite_sequence` can be written, and has a row for
/// each table that ever had one (<https://www.sqlite.org/autoinc.html>).
pub(in crate::sqlite) fn advance_id_sequence<E: EngineTable>(
    connection: &mut Connection,
    last: i64,
) -> QueryResult<()> {
    if last_id::<E>(connection)? >= last {
        return Ok(());
    }
    for statement in [
        "UPDATE sqlite_sequence SET seq = ? WHERE name = ?",
        "INSERT INTO sqlite_sequence (seq, name) VALUES (?, ?)",
    ] {
        let changed = diesel::sql_query(statement)
            .bind::<BigInt, _>(last)
            .bind::<Text, _>(E::PLURAL)
            .execute(connection)?;
        if changed > 0 {
            break;
        }
    }
    Ok(())
}
