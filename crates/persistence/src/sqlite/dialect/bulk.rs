//! Rows in bulk.
//!
//! A row at a time: the statement is prepared once, and there is no way to a
//! server that many rows could share. Measured, many rows in a statement are
//! slower by what it takes to parse it.

use std::iter;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::super::Connection;
use super::{NEXT_POST, NEXT_USER, next_ids};
use crate::rows::{NewImportRow, NewPostRow, NewUserRow};
use crate::schema::{imports, posts, users};

/// Inserts the rows under these ids.
pub(in crate::sqlite) fn insert_users(
    connection: &mut Connection,
    rows: &[(i64, NewUserRow<'_>)],
) -> QueryResult<()> {
    for (id, row) in rows {
        diesel::insert_into(users::table)
            .values((users::id.eq(id), row))
            .execute(connection)?;
    }
    Ok(())
}

/// Inserts the rows under these ids.
pub(in crate::sqlite) fn insert_posts(
    connection: &mut Connection,
    rows: &[(i64, NewPostRow<'_>)],
) -> QueryResult<()> {
    for (id, row) in rows {
        diesel::insert_into(posts::table)
            .values((posts::id.eq(id), row))
            .execute(connection)?;
    }
    Ok(())
}

/// Inserts the rows under new ids, and gives these in the order of the rows.
pub(in crate::sqlite) fn insert_users_with_new_ids(
    connection: &mut Connection,
    rows: &[NewUserRow<'_>],
) -> QueryResult<Vec<i64>> {
    let ids = next_ids(connection, NEXT_USER)?;
    for (id, row) in iter::zip(ids.clone(), rows) {
        diesel::insert_into(users::table)
            .values((users::id.eq(id), row))
            .execute(connection)?;
    }
    Ok(ids.take(rows.len()).collect())
}

/// Inserts the rows under new ids, and gives these in the order of the rows.
pub(in crate::sqlite) fn insert_posts_with_new_ids(
    connection: &mut Connection,
    rows: &[NewPostRow<'_>],
) -> QueryResult<Vec<i64>> {
    let ids = next_ids(connection, NEXT_POST)?;
    for (id, row) in iter::zip(ids.clone(), rows) {
        diesel::insert_into(posts::table)
            .values((posts::id.eq(id), row))
            .execute(connection)?;
    }
    Ok(ids.take(rows.len()).collect())
}

/// Inserts the row and gives its id.
pub(in crate::sqlite) fn insert_import(
    connection: &mut Connection,
    row: &NewImportRow,
) -> QueryResult<i64> {
    diesel::insert_into(imports::table)
        .values(row)
        .returning(imports::id)
        .get_result(connection)
}

/// The greatest ids that were ever given to users and posts.
pub(in crate::sqlite) fn last_ids(connection: &mut Connection) -> QueryResult<(i64, i64)> {
    let user: i64 = sql::<BigInt>(NEXT_USER).get_result(connection)?;
    let post: i64 = sql::<BigInt>(NEXT_POST).get_result(connection)?;
    Ok((user - 1, post - 1))
}

/// Lets AUTOINCREMENT go on behind these ids. Its table may be written, and has
/// a row for a table that ever had one (<https://www.sqlite.org/autoinc.html>).
pub(in crate::sqlite) fn advance_id_sequence(
    connection: &mut Connection,
    user: i64,
    post: i64,
) -> QueryResult<()> {
    for (next, update, insert, last) in [
        (NEXT_USER, UPDATE_USER, INSERT_USER, user),
        (NEXT_POST, UPDATE_POST, INSERT_POST, post),
    ] {
        let given: i64 = sql::<BigInt>(next).get_result(connection)?;
        if given > last {
            continue;
        }
        let updated = diesel::sql_query(update)
            .bind::<BigInt, _>(last)
            .execute(connection)?;
        if updated == 0 {
            diesel::sql_query(insert)
                .bind::<BigInt, _>(last)
                .execute(connection)?;
        }
    }
    Ok(())
}

const UPDATE_USER: &str = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'users'";
const INSERT_USER: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES ('users', ?)";
const UPDATE_POST: &str = "UPDATE sqlite_sequence SET seq = ? WHERE name = 'posts'";
const INSERT_POST: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES ('posts', ?)";
