//! Rows in bulk: many in a statement, for each is a round trip.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::super::Connection;
use super::inserted_id;
use crate::mysql::connection::packet::MOST_BYTES;
use crate::rows::{NewImportRow, NewPostRow, NewUserRow};
use crate::schema::{imports, posts, users};

/// The most rows in a statement.
const MOST_ROWS: usize = 256;

/// Inserts the rows under these ids.
pub(in crate::mysql) fn insert_users(
    connection: &mut Connection,
    rows: &[(i64, NewUserRow<'_>)],
) -> QueryResult<()> {
    for part in parts(rows, |_| 1024) {
        let values: Vec<_> = part
            .iter()
            .map(|(id, row)| (users::id.eq(id), row))
            .collect();
        diesel::insert_into(users::table)
            .values(values)
            .execute(connection)?;
    }
    Ok(())
}

/// Inserts the rows under these ids.
pub(in crate::mysql) fn insert_posts(
    connection: &mut Connection,
    rows: &[(i64, NewPostRow<'_>)],
) -> QueryResult<()> {
    for part in parts(rows, |(_, row)| row.size()) {
        let values: Vec<_> = part
            .iter()
            .map(|(id, row)| (posts::id.eq(id), row))
            .collect();
        diesel::insert_into(posts::table)
            .values(values)
            .execute(connection)?;
    }
    Ok(())
}

/// Inserts the rows under new ids, and gives these in the order of the rows.
pub(in crate::mysql) fn insert_users_with_new_ids(
    connection: &mut Connection,
    rows: &[NewUserRow<'_>],
) -> QueryResult<Vec<i64>> {
    let mut ids = Vec::with_capacity(rows.len());
    for part in parts(rows, |_| 1024) {
        ids.extend(super::insert_users(connection, part)?);
    }
    Ok(ids)
}

/// Inserts the rows under new ids, and gives these in the order of the rows.
pub(in crate::mysql) fn insert_posts_with_new_ids(
    connection: &mut Connection,
    rows: &[NewPostRow<'_>],
) -> QueryResult<Vec<i64>> {
    let mut ids = Vec::with_capacity(rows.len());
    for part in parts(rows, NewPostRow::size) {
        ids.extend(super::insert_posts(connection, part)?);
    }
    Ok(ids)
}

/// Inserts the row and gives its id.
pub(in crate::mysql) fn insert_import(
    connection: &mut Connection,
    row: &NewImportRow,
) -> QueryResult<i64> {
    inserted_id(connection, diesel::insert_into(imports::table).values(row))
}

/// The rows in parts that a statement takes. How many there are in one is a
/// power of two, so that there are few different statements: the server keeps
/// those that it has prepared.
fn parts<T>(rows: &[T], size: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut parts = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(MOST_ROWS).take_while(|row| {
            bytes += size(row);
            bytes <= MOST_BYTES
        });
        let fitting = fitting.count().max(1);
        let (part, behind) = rest.split_at(1 << fitting.ilog2());
        parts.push(part);
        rest = behind;
    }
    parts
}

/// The greatest ids that were ever given to users and posts, as far as the
/// server remembers: it counts on behind the greatest one that there is, if it
/// does not say.
pub(in crate::mysql) fn last_ids(connection: &mut Connection) -> QueryResult<(i64, i64)> {
    let counters: Vec<(String, i64)> = sql::<(Text, BigInt)>(COUNTERS).load(connection)?;
    let counter = |table: &str| {
        let found = counters.iter().find(|(name, _)| name == table);
        found.map_or(0, |(_, next)| next - 1)
    };
    let user: Option<i64> = users::table
        .select(diesel::dsl::max(users::id))
        .first(connection)?;
    let post: Option<i64> = posts::table
        .select(diesel::dsl::max(posts::id))
        .first(connection)?;
    Ok((
        user.unwrap_or(0).max(counter("users")),
        post.unwrap_or(0).max(counter("posts")),
    ))
}

const COUNTERS: &str = "SELECT TABLE_NAME, CAST(COALESCE(AUTO_INCREMENT, 1) AS SIGNED) \
    FROM information_schema.TABLES \
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('users', 'posts')";

/// Lets `AUTO_INCREMENT` go on behind these ids: a row that has been there moves
/// it on for good, and unlike `ALTER TABLE` is part of the transaction.
pub(in crate::mysql) fn advance_id_sequence(
    connection: &mut Connection,
    user: i64,
    post: i64,
) -> QueryResult<()> {
    let (last_user, last_post) = last_ids(connection)?;
    let placeholder_user = user > last_user;
    if placeholder_user {
        diesel::sql_query(
            "INSERT INTO users (id, name, email, email_key, created_at, updated_at, version) \
             VALUES (?, '-', CONCAT(?, '@retired.invalid'), CONCAT(?, '@retired.invalid'), 0, 0, 1)",
        )
        .bind::<BigInt, _>(user)
        .bind::<BigInt, _>(user)
        .bind::<BigInt, _>(user)
        .execute(connection)?;
    }
    if post > last_post {
        diesel::sql_query(
            "INSERT INTO posts (id, user_id, title, content, created_at, updated_at, version) \
             SELECT ?, MAX(id), '-', '', 0, 0, 1 FROM users HAVING MAX(id) IS NOT NULL",
        )
        .bind::<BigInt, _>(post)
        .execute(connection)?;
        diesel::delete(posts::table.find(post)).execute(connection)?;
    }
    if placeholder_user {
        diesel::delete(users::table.find(user)).execute(connection)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_powers_of_two_and_hold_every_row_once() {
        for (rows, sizes) in [
            (0, vec![]),
            (1, vec![1]),
            (700, vec![256, 256, 128, 32, 16, 8, 4]),
        ] {
            let rows: Vec<usize> = (0..rows).collect();
            let parts = parts(&rows, |_| 1);
            assert_eq!(
                parts.iter().map(|part| part.len()).collect::<Vec<_>>(),
                sizes
            );
            assert_eq!(parts.concat(), rows);
        }
    }

    #[test]
    fn large_rows_go_alone() {
        let rows = [MOST_BYTES * 2, 1, 1, MOST_BYTES, 1];
        let sizes: Vec<_> = parts(&rows, |size| *size)
            .iter()
            .map(|part| part.len())
            .collect();
        assert_eq!(sizes, [1, 2, 1, 1]);
    }
}
