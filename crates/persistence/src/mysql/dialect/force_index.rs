//! Tables that are read by a given index only.

use diesel::expression::SelectableExpression;
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, FromClause, QueryFragment, QueryId, SelectStatement};
use diesel::query_source::QuerySource;

use crate::lists::index::Index;

/// Selects the rows of a table by this index. The optimiser's own choice would consider the
/// number of matching rows, but hardly `LIMIT` (docs/adr/0009).
pub(in crate::mysql) fn scan_index<I: Index>(index: I) -> SelectStatement<FromClause<ForceIndex<I>>>
where
    ForceIndex<I>: QuerySource,
{
    SelectStatement::simple(ForceIndex(index))
}

/// `users FORCE INDEX (users_by_name)`
#[derive(Clone, Copy, Debug, QueryId)]
pub(in crate::mysql) struct ForceIndex<I>(I);

impl<I: Index> QueryFragment<Mysql> for ForceIndex<I> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_identifier(I::TABLE_NAME)?;
        out.push_sql(" FORCE INDEX (");
        out.push_identifier(I::NAME)?;
        out.push_sql(")");
        Ok(())
    }
}

/// Allows the columns of a table in statements that read it by any of its indexes.
macro_rules! columns {
    ($table:ident: $($column:ident)+) => {
        impl<I> diesel::query_source::AppearsInFromClause<$table::table>
            for crate::mysql::dialect::force_index::ForceIndex<I>
        where
            I: crate::lists::index::Index<Table = $table::table>,
        {
            type Count = diesel::query_source::Once;
        }

        $(impl<I> SelectableExpression<crate::mysql::dialect::force_index::ForceIndex<I>>
            for $table::$column
        where
            I: crate::lists::index::Index<Table = $table::table>,
        {
        })+
    };
}
pub(in crate::mysql) use columns;

impl<I: Index> QuerySource for ForceIndex<I>
where
    I::Table: Table,
    <I::Table as Table>::AllColumns: SelectableExpression<Self>,
{
    type FromClause = Self;
    type DefaultSelection = <I::Table as Table>::AllColumns;

    fn from_clause(&self) -> Self {
        *self
    }

    fn default_selection(&self) -> Self::DefaultSelection {
        <I::Table as Table>::all_columns()
    }
}
