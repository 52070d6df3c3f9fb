//! The table of an entity, described once.

use std::collections::BTreeSet;

use byline_application::{ListQuery, Listed, RepositoryError};
use byline_domain::{Id, Relation, Stored, Version};
use diesel::QueryResult;

use super::Connection;
use crate::rows::RowMeta;

/// The statements that an entity's table has on every engine. Each has a static type.
pub(crate) trait EntityTable: Listed {
    /// A row as it is read.
    type Row: TryInto<Stored<Self>, Error = RepositoryError>;

    /// A row as it is inserted, without its id.
    type New<'a>;

    fn new_row(fields: &Self, meta: RowMeta) -> Self::New<'_>;

    fn find(connection: &mut Connection, id: i64) -> QueryResult<Option<Self::Row>>;

    fn find_all(connection: &mut Connection, ids: Vec<i64>) -> QueryResult<Vec<Self::Row>>;

    fn find_by_unique_value(
        connection: &mut Connection,
        values: Vec<&str>,
    ) -> QueryResult<Vec<Self::Row>>;

    fn rows_after(
        connection: &mut Connection,
        after: i64,
        most: u32,
    ) -> QueryResult<Vec<Self::Row>>;

    fn existing(connection: &mut Connection, ids: Vec<i64>) -> QueryResult<Vec<i64>>;

    /// Returns whether the filter selects one row at most, which is then read whether or not
    /// it is in the window of the query.
    fn selects_one(filter: &Self::Filter) -> bool;

    fn list(connection: &mut Connection, query: &ListQuery<Self>) -> QueryResult<Vec<Self::Row>>;

    fn count(connection: &mut Connection, query: &ListQuery<Self>) -> QueryResult<i64>;

    fn update(
        connection: &mut Connection,
        changed: &Stored<Self>,
        from: Version,
    ) -> QueryResult<usize>;

    fn delete(connection: &mut Connection, id: i64, from: Version) -> QueryResult<usize>;

    fn delete_all(connection: &mut Connection, filter: &Self::Filter) -> QueryResult<usize>;

    /// Returns the ids of the rows that the filter selects.
    fn selected(connection: &mut Connection, filter: &Self::Filter) -> QueryResult<Vec<i64>>;

    /// Returns by which relation one of the rows refers to a parent that does not exist.
    fn missing_parent(connection: &mut Connection, rows: &[&Self])
    -> QueryResult<Option<Relation>>;

    /// Counts the rows whose parents, in the column `field`, have these ids.
    fn count_children(
        connection: &mut Connection,
        field: &str,
        parents: Vec<i64>,
    ) -> QueryResult<i64>;
}

/// Describes the table of an entity:
///
/// - its columns: those that hold ids of parents, those that hold texts, and those that are
///   computed from the fields;
/// - `unique`: the column that no two rows share, if there is one;
/// - `lists`: the column that each sort key is (`id`, `text`, `time` or `unique`);
/// - `filters`: the column of each filter, which is `unique`, or one `under` which every sort
///   key has an index, named after the column's short name.
macro_rules! entity_table {
    (
        $table:ident of $entity:ident by $sort:ident and $filter:ident;
        parents { $($parent:ident,)* }
        texts { $($text:ident,)* }
        computed { $($computed:ident = |$fields:ident| $value:expr,)* }
        unique { $($unique:ident)? }
        lists $keys:tt
        filters { $($variant:ident($given:ident) $how:ident $column:ident $($name:literal)? = $bound:expr,)* }
    ) => {
        diesel::table! {
            $table (id) {
                id -> BigInt,
                $($parent -> BigInt,)*
                $($text -> Text,)*
                $($computed -> Text,)*
                created_at -> BigInt,
                updated_at -> BigInt,
                version -> BigInt,
                /// The attempt that inserted the row, on engines whose answer to a COMMIT can
                /// be lost. SQLite has no such column.
                origin -> Nullable<Binary>,
            }
        }

        crate::lists::index::indexes!($table, [], $keys);
        $(crate::lists::index::indexes!($table, [$how $column $($name)?], $keys);)*

        /// A row as it is read, without computed columns.
        #[derive(Queryable, Selectable)]
        #[diesel(table_name = $table)]
        pub(crate) struct Row {
            id: i64,
            $($parent: i64,)*
            $($text: String,)*
            created_at: i64,
            updated_at: i64,
            version: i64,
        }

        /// A row before it has an id. It has no default values, with which diesel would insert
        /// several rows one by one into SQLite.
        #[derive(Insertable)]
        #[diesel(table_name = $table, treat_none_as_default_value = false)]
        pub(crate) struct NewRow<'a> {
            $($parent: i64,)*
            $($text: &'a str,)*
            $($computed: String,)*
            created_at: i64,
            updated_at: i64,
            version: i64,
        }

        impl TryFrom<Row> for Stored<$entity> {
            type Error = RepositoryError;

            fn try_from(row: Row) -> Result<Self, RepositoryError> {
                let context = RowContext::of($entity::NAME, row.id);
                let fields = $entity {
                    $($parent: context.check(Id::try_from(row.$parent))?,)*
                    $($text: context.check(Text::parse(row.$text))?,)*
                };
                let (created_at, updated_at, version) = (row.created_at, row.updated_at, row.version);
                context.stored(fields, RowMeta { created_at, updated_at, version })
            }
        }

        impl EntityTable for $entity {
            type Row = Row;
            type New<'a> = NewRow<'a>;

            fn new_row(fields: &Self, meta: RowMeta) -> NewRow<'_> {
                NewRow {
                    $($parent: fields.$parent.get(),)*
                    $($text: fields.$text.as_str(),)*
                    $($computed: { let $fields = fields; $value },)*
                    created_at: meta.created_at,
                    updated_at: meta.updated_at,
                    version: meta.version,
                }
            }

            fn find(connection: &mut Connection, id: i64) -> QueryResult<Option<Row>> {
                let row = $table::table.find(id).select(Row::as_select());
                row.first(connection).optional()
            }

            fn find_all(connection: &mut Connection, ids: Vec<i64>) -> QueryResult<Vec<Row>> {
                let rows = $table::table.filter($table::id.eq_any(ids));
                rows.select(Row::as_select()).load(connection)
            }

            fn find_by_unique_value(
                connection: &mut Connection,
                values: Vec<&str>,
            ) -> QueryResult<Vec<Row>> {
                $(if !values.is_empty() {
                    let rows = $table::table.filter($table::$unique.eq_any(values));
                    return rows.select(Row::as_select()).load(connection);
                })?
                let _ = (connection, values);
                Ok(Vec::new())
            }

            fn rows_after(
                connection: &mut Connection,
                after: i64,
                most: u32,
            ) -> QueryResult<Vec<Row>> {
                let rows = $table::table.filter($table::id.gt(after)).order($table::id);
                rows.limit(i64::from(most)).select(Row::as_select()).load(connection)
            }

            fn existing(connection: &mut Connection, ids: Vec<i64>) -> QueryResult<Vec<i64>> {
                let rows = $table::table.filter($table::id.eq_any(ids));
                rows.select($table::id).load(connection)
            }

            fn selects_one(filter: &$filter) -> bool {
                match *filter {
                    $($filter::$variant(_) => stringify!($how) == "unique",)*
                }
            }

            fn list(connection: &mut Connection, query: &ListQuery<Self>) -> QueryResult<Vec<Row>> {
                $(if let Some($filter::$variant($given)) = &query.filter {
                    return super::lists::filtered_list!(
                        connection, query, $table, $sort, [$how $column = $bound], $keys
                    );
                })*
                super::lists::list!(connection, query, $table, $sort, [], $keys)
            }

            fn count(connection: &mut Connection, query: &ListQuery<Self>) -> QueryResult<i64> {
                $(if let Some($filter::$variant($given)) = &query.filter {
                    return super::lists::count!(
                        connection, query, $table, $sort, [$how $column = $bound], $keys
                    );
                })*
                super::lists::count!(connection, query, $table, $sort, [], $keys)
            }

            fn update(
                connection: &mut Connection,
                changed: &Stored<Self>,
                from: Version,
            ) -> QueryResult<usize> {
                let meta = RowMeta::of(changed.created_at, changed.updated_at, changed.version);
                let row = Self::new_row(&changed.fields, meta);
                diesel::update($table::table.find(changed.id.get()))
                    .filter($table::version.eq(from.get()))
                    .set((
                        $($table::$parent.eq(row.$parent),)*
                        $($table::$text.eq(row.$text),)*
                        $($table::$computed.eq(row.$computed),)*
                        $table::updated_at.eq(row.updated_at),
                        $table::version.eq(row.version),
                    ))
                    .execute(connection)
            }

            fn delete(connection: &mut Connection, id: i64, from: Version) -> QueryResult<usize> {
                diesel::delete($table::table.find(id))
                    .filter($table::version.eq(from.get()))
                    .execute(connection)
            }

            fn delete_all(connection: &mut Connection, filter: &$filter) -> QueryResult<usize> {
                let _ = &connection;
                match *filter {
                    $($filter::$variant(ref $given) => {
                        let rows = $table::table.filter($table::$column.eq($bound));
                        diesel::delete(rows).execute(connection)
                    })*
                }
            }

            fn selected(connection: &mut Connection, filter: &$filter) -> QueryResult<Vec<i64>> {
                let _ = &connection;
                match *filter {
                    $($filter::$variant(ref $given) => {
                        let rows = $table::table.filter($table::$column.eq($bound));
                        rows.select($table::id).load(connection)
                    })*
                }
            }

            fn missing_parent(
                connection: &mut Connection,
                rows: &[&Self],
            ) -> QueryResult<Option<Relation>> {
                $(if is_any_missing(connection, rows.iter().map(|row| row.$parent))? {
                    let mut relations = Self::PARENTS.iter();
                    return Ok(relations.find(|one| one.field == stringify!($parent)).copied());
                })*
                let _ = (connection, rows);
                Ok(None)
            }

            fn count_children(
                connection: &mut Connection,
                field: &str,
                parents: Vec<i64>,
            ) -> QueryResult<i64> {
                $(if field == stringify!($parent) {
                    let rows = $table::table.filter($table::$parent.eq_any(parents));
                    return rows.count().get_result(connection);
                })*
                let _ = (connection, field, parents);
                Ok(0)
            }
        }

        super::dialect::engine_table! {
            $entity, $table;
            parents { $($parent)* }
            texts { $($text)* }
            computed { $($computed)* }
        }
    };
}
pub(super) use entity_table;

/// The most values in a statement.
pub(super) const MOST_VALUES: usize = 512;

/// Returns whether there is no row for one of the ids.
pub(super) fn is_any_missing<E: EntityTable>(
    connection: &mut Connection,
    ids: impl Iterator<Item = Id<E>>,
) -> QueryResult<bool> {
    let ids: BTreeSet<i64> = ids.map(Id::get).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    for ids in ids.chunks(MOST_VALUES) {
        if E::existing(connection, ids.to_vec())?.len() < ids.len() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The names that [`entity_table`] uses.
pub(super) mod prelude {
    pub(in super::super) use byline_application::{ListQuery, RepositoryError};
    pub(in super::super) use byline_domain::{Entity, Id, Relation, Stored, Text, Version};
    pub(in super::super) use diesel::prelude::*;

    pub(in super::super) use super::super::{Connection, dialect};
    pub(in super::super) use super::{EntityTable, entity_table, is_any_missing};
    pub(in super::super) use crate::lists::index::By;
    pub(in super::super) use crate::lists::keyset::{After, Before};
    pub(in super::super) use crate::lists::scan::IndexScan;
    pub(in super::super) use crate::rows::{RowContext, RowMeta};
}
