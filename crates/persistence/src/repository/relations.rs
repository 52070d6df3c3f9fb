//! Finds the relation that a statement broke, where the engine does not name it.

use byline_application::RepositoryError;
use byline_domain::{Entity, Relation};
use diesel::QueryResult;

use super::Connection;
use super::table::{EntityTable, MOST_VALUES};
#[cfg(test)]
use crate::test_entities::{Book, Note};

macro_rules! restricting {
    ($($variant:ident $entity:ident,)+) => {
        &[
            $((
                <byline_domain::$entity as Entity>::PARENTS,
                <byline_domain::$entity as EntityTable>::count_children,
            ),)+
            #[cfg(test)]
            (Book::PARENTS, Book::count_children),
            #[cfg(test)]
            (Note::PARENTS, Note::count_children),
        ]
    };
}

/// The relations that keep a parent with children from being deleted, each with
/// [`EntityTable::count_children`] of the children's table.
const RESTRICTING: &[(&[Relation], CountChildren)] = byline_domain::entities!(restricting!);

type CountChildren = fn(&mut Connection, &str, Vec<i64>) -> QueryResult<i64>;

/// Returns by which relation these rows refer to a parent that does not exist.
pub(super) fn missing_parent<'a, E: EntityTable>(
    connection: &mut Connection,
    rows: impl IntoIterator<Item = &'a E>,
) -> QueryResult<Option<RepositoryError>> {
    let rows: Vec<&E> = rows.into_iter().collect();
    let relation = E::missing_parent(connection, &rows)?;
    Ok(relation.map(RepositoryError::MissingReference))
}

/// Returns by which relation other rows still refer to the rows of `E` with these ids.
pub(super) fn remaining_child<E: EntityTable>(
    connection: &mut Connection,
    ids: &[i64],
) -> QueryResult<Option<RepositoryError>> {
    let tables = RESTRICTING.iter();
    let relations = tables.flat_map(|(all, count)| all.iter().map(move |one| (*one, *count)));
    let relations: Vec<_> = relations.filter(|(one, _)| one.parent == E::NAME).collect();
    if let [(relation, _)] = *relations {
        return Ok(Some(RepositoryError::StillReferenced(relation)));
    }
    for (relation, count_children) in relations {
        for ids in ids.chunks(MOST_VALUES) {
            if count_children(connection, relation.field, ids.to_vec())? > 0 {
                return Ok(Some(RepositoryError::StillReferenced(relation)));
            }
        }
    }
    Ok(None)
}
