//! Finds the relation that a statement broke, where the engine does not name it.

use std::collections::BTreeSet;

use byline_application::RepositoryError;
use byline_domain::Entity;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::Connection;
use crate::foreign_keys::{FOREIGN_KEYS, ForeignKey};

/// The most ids in a statement.
const MOST_IDS: usize = 512;

/// Returns by which relation these rows refer to a parent that does not exist.
pub(super) fn missing_parent<'a, E: Entity>(
    connection: &mut Connection,
    rows: impl IntoIterator<Item = &'a E>,
) -> QueryResult<Option<RepositoryError>> {
    let rows: Vec<&E> = rows.into_iter().collect();
    let keys = FOREIGN_KEYS.iter();
    for key in keys.filter(|key| E::PARENTS.contains(&key.relation)) {
        let parents = rows.iter();
        let ids: BTreeSet<i64> = parents.filter_map(|row| row.parent(key.relation)).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        for ids in ids.chunks(MOST_IDS) {
            let found = count(connection, key.parent_table, "id", ids)?;
            if usize::try_from(found).is_ok_and(|found| found < ids.len()) {
                return Ok(Some(RepositoryError::MissingReference(key.relation)));
            }
        }
    }
    Ok(None)
}

/// Returns by which relation other rows still refer to the rows of `E` with these ids.
pub(super) fn remaining_child<E: Entity>(
    connection: &mut Connection,
    ids: &[i64],
) -> QueryResult<Option<RepositoryError>> {
    let keys = FOREIGN_KEYS.iter();
    let keys: Vec<&ForeignKey> = keys
        .filter(|key| key.restricts && key.relation.parent == E::NAME)
        .collect();
    if let [key] = *keys {
        return Ok(Some(RepositoryError::StillReferenced(key.relation)));
    }
    for key in keys {
        for ids in ids.chunks(MOST_IDS) {
            if count(connection, key.child_table, key.relation.field, ids)? > 0 {
                return Ok(Some(RepositoryError::StillReferenced(key.relation)));
            }
        }
    }
    Ok(None)
}

/// Counts the rows of a table that have one of these ids in a column.
fn count(
    connection: &mut Connection,
    table: &'static str,
    column: &'static str,
    ids: &[i64],
) -> QueryResult<i64> {
    // By text: which table it is, is known by its name only.
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    let ids = ids.join(", ");
    let text = format!("SELECT count(*) FROM {table} WHERE {column} IN ({ids})");
    sql::<BigInt>(&text).get_result(connection)
}
