//! What the lists of all tables have in common.

use byline_application::{
    KeyRange, KeysetPosition, KeysetWindow, ListQuery, Listed, Seek, SortValue,
};
use byline_domain::Timestamp;
use diesel::QueryResult;
use diesel::dsl::AsExprOf;
use diesel::expression::{AsExpression, Expression};
use diesel::result::Error;
use diesel::sql_types::{BigInt, SingleValue, SqlType};

use crate::lists::keyset::KeysetPredicate;

/// Loads the rows that a query of `$table` asks for, under a filter: the `$column` has the
/// `$value`. A unique one selects one row at most, whatever the order.
macro_rules! filtered_list {
    ($connection:expr, $query:expr, $table:ident, $sort:ident, [unique $column:ident = $value:expr], $keys:tt) => {
        $table::table
            .filter($table::$column.eq($value))
            .limit(1)
            .select(Row::as_select())
            .load($connection)
    };
    ($connection:expr, $query:expr, $table:ident, $sort:ident, $under:tt, $keys:tt) => {
        super::lists::list!($connection, $query, $table, $sort, $under, $keys)
    };
}

/// Loads the rows that a query of `$table` asks for, by the index of its sort key.
macro_rules! list {
    ($connection:expr, $query:expr, $table:ident, $sort:ident, $under:tt, { $($variant:ident: $kind:ident $column:ident,)+ }) => {
        match $query.sort {
            $($sort::$variant => super::lists::list_by!(
                $kind, $connection, $query, super::lists::rows_by_index!($table, $column, $under),
                $table::$column, $table::id
            ),)+
        }
    };
}

/// As [`list`], by one sort key of this kind.
///
/// No two rows share a unique key, so the order leaves out the id: MySQL does not see that it
/// is redundant, and would sort.
macro_rules! list_by {
    (id, $connection:expr, $query:expr, $rows:expr, $key:expr, $id:expr) => {{
        let scan = IndexScan::of(super::lists::window::<(), _>($query)?, $query.direction);
        super::lists::scan_ids!($connection, $rows, $id, scan, $query.limit)
    }};
    (unique, $connection:expr, $query:expr, $rows:expr, $key:expr, $id:expr) => {{
        let orders = ($key.asc(), $key.desc());
        super::lists::scan!(String, $connection, $query, $rows, $key, $id, orders)
    }};
    (text, $connection:expr, $query:expr, $rows:expr, $key:expr, $id:expr) => {{
        let orders = (($key.asc(), $id.asc()), ($key.desc(), $id.desc()));
        super::lists::scan!(String, $connection, $query, $rows, $key, $id, orders)
    }};
    (time, $connection:expr, $query:expr, $rows:expr, $key:expr, $id:expr) => {{
        let orders = (($key.asc(), $id.asc()), ($key.desc(), $id.desc()));
        super::lists::scan!(i64, $connection, $query, $rows, $key, $id, orders)
    }};
}

/// Counts the rows that a query of `$table` asks for.
macro_rules! count {
    ($connection:expr, $query:expr, $table:ident, $sort:ident, $under:tt, { $($variant:ident: $kind:ident $column:ident,)+ }) => {
        match $query.sort {
            $($sort::$variant => super::lists::count_by!(
                $kind, $connection, $query, $table, $column, $under
            ),)+
        }
    };
}

/// As [`count`], by one sort key of this kind.
macro_rules! count_by {
    (text, $connection:expr, $query:expr, $table:ident, $column:ident, $under:tt) => {{
        let rows = super::lists::rows_by_index!($table, $column, $under);
        let range = super::lists::window::<String, _>($query)?.range;
        super::lists::count_within!($connection, rows, $table::$column, range)
    }};
    (time, $connection:expr, $query:expr, $table:ident, $column:ident, $under:tt) => {{
        let rows = super::lists::rows_by_index!($table, $column, $under);
        let range = super::lists::window::<i64, _>($query)?.range;
        super::lists::count_within!($connection, rows, $table::$column, range)
    }};
    ($kind:ident, $connection:expr, $query:expr, $table:ident, $column:ident, []) => {
        $table::table.count().get_result($connection)
    };
    ($kind:ident, $connection:expr, $query:expr, $table:ident, $column:ident, $under:tt) => {
        super::lists::rows_by_index!($table, id, $under)
            .count()
            .get_result($connection)
    };
}

/// Selects the rows of `$table`, or those under a filter, by the index on a column.
macro_rules! rows_by_index {
    ($table:ident, $column:ident, []) => {
        dialect::scan_index(By($table::$column, ()))
    };
    ($table:ident, $column:ident, [under $filter:ident = $value:expr]) => {
        dialect::scan_index(By($table::$column, $table::$filter)).filter($table::$filter.eq($value))
    };
    ($table:ident, $column:ident, [unique $filter:ident = $value:expr]) => {
        $table::table.filter($table::$filter.eq($value))
    };
}

/// Loads the rows of a scan of the index on `$key` and `$id`. `$rows` is the table, or what is
/// left of it by a column that comes before the key in the index; `$orders` are up and down.
///
/// A macro, because each use makes four statements of fixed types, which diesel finds in its
/// cache by type. It would have to render a statement built at run time to look it up by text.
macro_rules! scan {
    ($type:ty, $connection:expr, $query:expr, $rows:expr, $key:expr, $id:expr, $orders:expr) => {{
        let window = super::lists::window::<$type, _>($query)?;
        let limit = crate::lists::scan::fetch($query.limit);
        match IndexScan::of(window, $query.direction) {
            IndexScan::Up { after, below } => {
                let rows = $rows
                    .filter(super::lists::compared(After, $key, $id, after))
                    .order($orders.0)
                    .limit(limit)
                    .select(Row::as_select());
                match below {
                    Some(below) => rows.filter($key.lt(below)).load($connection),
                    None => rows.load($connection),
                }
            }
            IndexScan::Down { before, down_to } => {
                let rows = $rows
                    .filter($key.ge(down_to))
                    .order($orders.1)
                    .limit(limit)
                    .select(Row::as_select());
                match before {
                    Some(at) => rows
                        .filter(super::lists::compared(Before, $key, $id, at))
                        .load($connection),
                    None => rows.load($connection),
                }
            }
        }
    }};
}

/// As [`scan`], by the primary key.
macro_rules! scan_ids {
    ($connection:expr, $rows:expr, $id:expr, $scan:expr, $limit:expr) => {{
        let rows = $rows
            .limit(crate::lists::scan::fetch($limit))
            .select(Row::as_select());
        match $scan {
            IndexScan::Up { after, .. } => rows
                .filter($id.gt(after.id))
                .order($id.asc())
                .load($connection),
            IndexScan::Down { before, .. } => rows
                .filter($id.lt(before.map_or(i64::MAX, |at| at.id)))
                .order($id.desc())
                .load($connection),
        }
    }};
}

/// Counts the `$rows` within a range of `$key`.
macro_rules! count_within {
    ($connection:expr, $rows:expr, $key:expr, $range:expr) => {{
        let (mut rows, range) = (
            $rows.into_boxed::<<Connection as diesel::Connection>::Backend>(),
            $range,
        );
        if let Some(from) = range.from {
            rows = rows.filter($key.ge(from));
        }
        if let Some(to) = range.to {
            rows = rows.filter($key.lt(to));
        }
        rows.count().get_result($connection)
    }};
}

pub(super) use {
    count, count_by, count_within, filtered_list, list, list_by, rows_by_index, scan, scan_ids,
};

/// A row's key and id, compared with a position.
type At<S, Key, Id, K> =
    KeysetPredicate<S, Key, Id, AsExprOf<K, <Key as Expression>::SqlType>, AsExprOf<i64, BigInt>>;

/// Returns whether a row, by its key and its id, is on this side of a position.
pub(super) fn compared<S, Key, Id, K>(
    side: S,
    key: Key,
    id: Id,
    at: KeysetPosition<K>,
) -> At<S, Key, Id, K>
where
    Key: Expression<SqlType: SqlType + SingleValue>,
    Id: Expression<SqlType = BigInt>,
    K: AsExpression<Key::SqlType>,
{
    KeysetPredicate {
        side,
        key,
        id,
        at_key: at.key.as_expression(),
        at_id: AsExpression::<BigInt>::as_expression(at.id),
    }
}

/// A sort key as the engines keep it.
pub(super) trait StoredKey: Sized {
    /// Returns the value, if it is of this kind.
    fn of(value: &SortValue) -> Option<Self>;
}

impl StoredKey for () {
    fn of(value: &SortValue) -> Option<Self> {
        matches!(value, SortValue::None).then_some(())
    }
}

impl StoredKey for String {
    fn of(value: &SortValue) -> Option<Self> {
        match value {
            SortValue::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl StoredKey for i64 {
    fn of(value: &SortValue) -> Option<Self> {
        match value {
            SortValue::Time(time) => Some(Timestamp::as_micros(*time)),
            _ => None,
        }
    }
}

/// Returns the window of the query, as the engines keep its sort key. Fails if its values are of
/// another kind.
pub(super) fn window<K: StoredKey, E: Listed>(
    query: &ListQuery<E>,
) -> QueryResult<KeysetWindow<K>> {
    let key = |value: &SortValue| {
        let key = K::of(value);
        key.ok_or_else(|| Error::SerializationError("a value of another sort key".into()))
    };
    let position = |at: &KeysetPosition<SortValue>| {
        Ok::<_, Error>(KeysetPosition {
            key: key(&at.key)?,
            id: at.id,
        })
    };
    let window = &query.window;
    Ok(KeysetWindow {
        range: KeyRange {
            from: window.range.from.as_ref().map(key).transpose()?,
            to: window.range.to.as_ref().map(key).transpose()?,
        },
        seek: match &window.seek {
            Seek::First => Seek::First,
            Seek::After(at) => Seek::After(position(at)?),
            Seek::Before(at) => Seek::Before(position(at)?),
        },
    })
}
