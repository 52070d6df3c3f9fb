//! Rows compared with a position, in SQL.

use diesel::expression::{AppearsOnTable, Expression, ValidGrouping};
use diesel::query_builder::QueryId;
use diesel::sql_types::Bool;

/// Whether `(key, id)` is on one side of a position.
///
/// Each engine's `dialect` writes the predicate
/// ([`QueryFragment`](diesel::query_builder::QueryFragment)), as constant text with bound values,
/// so that the engine *begins* at the position in an index on `(key, id)` and skips no rows,
/// however many have the same key. Row values are standard SQL, but not every engine's
/// optimiser recognises a range in them.
#[derive(Clone, Copy, Debug, QueryId, ValidGrouping)]
pub(crate) struct KeysetPredicate<Side, Key, Id, Value, Number> {
    pub(crate) side: Side,
    pub(crate) key: Key,
    pub(crate) id: Id,
    pub(crate) at_key: Value,
    pub(crate) at_id: Number,
}

/// A side of a position.
pub(crate) trait Side {
    /// Returns the operator between the row's value and the position's.
    fn operator(&self) -> &'static str;
}

/// Greater than the position.
#[derive(Clone, Copy, Debug, QueryId, ValidGrouping)]
pub(crate) struct After;

/// Less than the position.
#[derive(Clone, Copy, Debug, QueryId, ValidGrouping)]
pub(crate) struct Before;

impl Side for After {
    fn operator(&self) -> &'static str {
        " > "
    }
}

impl Side for Before {
    fn operator(&self) -> &'static str {
        " < "
    }
}

impl<S, Key, Id, Value, Number> Expression for KeysetPredicate<S, Key, Id, Value, Number>
where
    Key: Expression,
    Id: Expression,
    Value: Expression<SqlType = Key::SqlType>,
    Number: Expression<SqlType = Id::SqlType>,
{
    type SqlType = Bool;
}

impl<S, Key, Id, Value, Number, Tables> AppearsOnTable<Tables>
    for KeysetPredicate<S, Key, Id, Value, Number>
where
    Self: Expression,
    Key: AppearsOnTable<Tables>,
    Id: AppearsOnTable<Tables>,
    Value: AppearsOnTable<Tables>,
    Number: AppearsOnTable<Tables>,
{
}
