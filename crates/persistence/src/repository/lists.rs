//! What the lists of all tables have in common.

use byline_application::{KeyRange, KeysetPosition, KeysetWindow};
use byline_domain::Timestamp;
use diesel::dsl::AsExprOf;
use diesel::expression::{AsExpression, Expression};
use diesel::sql_types::{BigInt, SingleValue, SqlType};

use crate::lists::keyset::{After, Before, KeysetPredicate};

/// Loads the rows of a walk along the index on `$key` and `$id`. `$rows` is the
/// table, or what is left of it by a column that comes before the key in the
/// index.
///
/// A macro, because it makes of each use four statements of fixed types: diesel
/// finds these in its cache by their type. One put together at run time is
/// looked up by its text, which has to be rendered each time.
macro_rules! along {
    ($connection:expr, $rows:expr, $key:expr, $id:expr, $walk:expr, $limit:expr, $row:ty) => {
        super::lists::ordered!(
            $connection,
            $rows,
            $key,
            $id,
            (($key.asc(), $id.asc()), ($key.desc(), $id.desc())),
            $walk,
            $limit,
            $row
        )
    };
}

/// As [`along`], along an index on a key that no two rows share, so that the id
/// decides nothing about the order. MySQL does not see that it does not, and
/// would sort.
macro_rules! along_unique {
    ($connection:expr, $rows:expr, $key:expr, $id:expr, $walk:expr, $limit:expr, $row:ty) => {
        super::lists::ordered!(
            $connection,
            $rows,
            $key,
            $id,
            ($key.asc(), $key.desc()),
            $walk,
            $limit,
            $row
        )
    };
}

/// `$orders`: up and down.
macro_rules! ordered {
    ($connection:expr, $rows:expr, $key:expr, $id:expr, $orders:expr, $walk:expr, $limit:expr, $row:ty) => {
        match $walk {
            crate::lists::scan::IndexScan::Up { behind, below } => {
                let rows = $rows
                    .filter(super::lists::behind($key, $id, behind))
                    .order($orders.0)
                    .limit(crate::lists::scan::fetch($limit))
                    .select(<$row>::as_select());
                match below {
                    Some(below) => rows.filter($key.lt(below)).load::<$row>($connection),
                    None => rows.load::<$row>($connection),
                }
            }
            crate::lists::scan::IndexScan::Down { ahead, down_to } => {
                let rows = $rows
                    .filter($key.ge(down_to))
                    .order($orders.1)
                    .limit(crate::lists::scan::fetch($limit))
                    .select(<$row>::as_select());
                match ahead {
                    Some(at) => rows
                        .filter(super::lists::ahead($key, $id, at))
                        .load::<$row>($connection),
                    None => rows.load::<$row>($connection),
                }
            }
        }
    };
}

/// As [`along`], along the primary key.
macro_rules! along_id {
    ($connection:expr, $rows:expr, $id:expr, $walk:expr, $limit:expr, $row:ty) => {
        match $walk {
            crate::lists::scan::IndexScan::Up { behind, .. } => $rows
                .filter($id.gt(behind.id))
                .order($id.asc())
                .limit(crate::lists::scan::fetch($limit))
                .select(<$row>::as_select())
                .load::<$row>($connection),
            crate::lists::scan::IndexScan::Down { ahead, .. } => $rows
                .filter($id.lt(ahead.map_or(i64::MAX, |at| at.id)))
                .order($id.desc())
                .limit(crate::lists::scan::fetch($limit))
                .select(<$row>::as_select())
                .load::<$row>($connection),
        }
    };
}

/// How many of `$rows` are within a range of `$key`.
macro_rules! count_within {
    ($connection:expr, $rows:expr, $key:expr, $range:expr) => {{
        let (mut rows, range) = ($rows.into_boxed::<Backend>(), $range);
        if let Some(from) = range.from {
            rows = rows.filter($key.ge(from));
        }
        if let Some(to) = range.to {
            rows = rows.filter($key.lt(to));
        }
        rows.count().get_result($connection)
    }};
}

pub(super) use {along, along_id, along_unique, count_within, ordered};

/// A row's key and id, compared with a position.
type At<S, Key, Id, K> =
    KeysetPredicate<S, Key, Id, AsExprOf<K, <Key as Expression>::SqlType>, AsExprOf<i64, BigInt>>;

/// Whether the row with this key and id stands behind `at`.
pub(super) fn behind<Key, Id, K>(key: Key, id: Id, at: KeysetPosition<K>) -> At<After, Key, Id, K>
where
    Key: Expression,
    Key::SqlType: SqlType + SingleValue,
    Id: Expression<SqlType = BigInt>,
    K: AsExpression<Key::SqlType>,
{
    compared(After, key, id, at)
}

/// Whether the row with this key and id stands ahead of `at`.
pub(super) fn ahead<Key, Id, K>(key: Key, id: Id, at: KeysetPosition<K>) -> At<Before, Key, Id, K>
where
    Key: Expression,
    Key::SqlType: SqlType + SingleValue,
    Id: Expression<SqlType = BigInt>,
    K: AsExpression<Key::SqlType>,
{
    compared(Before, key, id, at)
}

fn compared<S, Key, Id, K>(side: S, key: Key, id: Id, at: KeysetPosition<K>) -> At<S, Key, Id, K>
where
    Key: Expression,
    Key::SqlType: SqlType + SingleValue,
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

/// Times as the engines keep them.
pub(super) fn micros(span: &KeysetWindow<Timestamp>) -> KeysetWindow<i64> {
    KeysetWindow {
        range: micros_range(&span.range),
        seek: span.seek.map(|at| KeysetPosition {
            key: at.key.as_micros(),
            id: at.id,
        }),
    }
}

/// Times as the engines keep them.
pub(super) fn micros_range(range: &KeyRange<Timestamp>) -> KeyRange<i64> {
    KeyRange {
        from: range.from.map(Timestamp::as_micros),
        to: range.to.map(Timestamp::as_micros),
    }
}

/// What `count(*)` gives is never negative.
pub(super) fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
