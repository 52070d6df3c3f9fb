//! The queries of lists: filter, sort key, window and limit.
//!
//! One index serves every possible query, so that no request is slow because a table is large.
//! The types ensure this: a range narrows the sort key of the list and nothing else.

mod limit;
mod range;
mod sort;

use std::fmt::Debug;

use byline_domain::Entity;

pub use limit::{InvalidLimit, Limit};
pub use range::KeyRange;
pub use sort::{SortKey, SortKind, SortValue};

/// An entity that is listed: how its lists are sorted and filtered.
pub trait Listed: Entity {
    /// The keys by which a list can be sorted.
    type SortKey: SortKey<Self>;

    /// The filters of a list, besides the range of its sort key. Each combination of a filter
    /// and a sort key has an index of its own.
    type Filter: Clone + Debug + PartialEq + Eq + Send + Sync + 'static;
}

/// A query for one page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery<E: Listed> {
    /// Selects some of the rows; without it, all are listed.
    pub filter: Option<E::Filter>,
    /// The key by which the rows are sorted: text by code point, rows with equal keys by their
    /// ids, in the same direction.
    pub sort: E::SortKey,
    /// The range of the sort key, and where the page begins.
    pub window: KeysetWindow<SortValue>,
    /// The direction of the order.
    pub direction: Direction,
    /// The most rows that the page may have.
    pub limit: Limit,
}

impl<E: Listed> Default for ListQuery<E> {
    /// Returns the query for the first page of all rows by id.
    fn default() -> Self {
        Self {
            filter: None,
            sort: E::SortKey::default(),
            window: Seek::First.into(),
            direction: Direction::default(),
            limit: Limit::default(),
        }
    }
}

/// The direction of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From the least to the greatest.
    #[default]
    Ascending,
    /// From the greatest to the least.
    Descending,
}

/// The part of a list from which a page is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysetWindow<K> {
    /// The range of the sort key.
    pub range: KeyRange<K>,
    /// Where the page begins.
    pub seek: Seek<KeysetPosition<K>>,
}

/// Where a page begins. A position is a value, not a row: it remains valid after its row was
/// deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seek<P> {
    /// At the first row.
    First,
    /// At the first row after this position.
    After(P),
    /// Where it must begin to end at the last row before this position.
    Before(P),
}

/// The position in an order that a row with this sort key and this id has or would have. An id
/// of 0 is before all rows with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeysetPosition<K> {
    /// The sort key; `()` in an order by id.
    pub key: K,
    /// The id, which orders rows with the same key.
    pub id: i64,
}

/// One page of a list, in the order of the list, also for [`Seek::Before`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Whether there are further rows in the direction of the [`Seek`]: after the page, or
    /// before it for [`Seek::Before`].
    pub more: bool,
}

impl<P> Seek<P> {
    /// Returns whether the page is sought against the order of the list.
    #[must_use]
    pub const fn is_backwards(&self) -> bool {
        matches!(self, Self::Before(_))
    }

    /// Converts the position.
    pub fn map<Q>(self, convert: impl FnOnce(P) -> Q) -> Seek<Q> {
        match self {
            Self::First => Seek::First,
            Self::After(position) => Seek::After(convert(position)),
            Self::Before(position) => Seek::Before(convert(position)),
        }
    }
}

impl<K> From<Seek<KeysetPosition<K>>> for KeysetWindow<K> {
    /// Returns the window without a range.
    fn from(seek: Seek<KeysetPosition<K>>) -> Self {
        let range = KeyRange::default();
        Self { range, seek }
    }
}
