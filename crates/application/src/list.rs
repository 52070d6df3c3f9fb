//! Lists: which rows, in which order, from where on, how many.
//!
//! Every list that can be asked for is served by one index, so that no request
//! is slow because a table is large. The types see to it: a range lies in the
//! sort key that it narrows, and cannot be combined with another one.

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
    /// What a list can be sorted by.
    type SortKey: SortKey<Self>;

    /// What a list can be narrowed by besides a range of its sort key. An index of its own
    /// serves each combination of a filter and a sort key.
    type Filter: Clone + Debug + PartialEq + Eq + Send + Sync + 'static;
}

/// Which rows, in which order, from where on, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery<E: Listed> {
    /// Only these rows.
    pub filter: Option<E::Filter>,
    /// What the rows are sorted by. Rows with equal keys are sorted by their ids, which run
    /// in the same direction. Text is sorted by code point.
    pub sort: E::SortKey,
    /// The range of the sort key, and where the page begins.
    pub window: KeysetWindow<SortValue>,
    /// Which way the order runs.
    pub direction: Direction,
    /// The most rows that the page may have.
    pub limit: Limit,
}

impl<E: Listed> Default for ListQuery<E> {
    /// The first page of all rows by id.
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

/// Which way an order runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// From the least to the greatest.
    #[default]
    Ascending,
    /// From the greatest to the least.
    Descending,
}

/// The rows whose sort key lies in a range, from a place on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysetWindow<K> {
    /// The sort keys that count.
    pub range: KeyRange<K>,
    /// Where the page begins.
    pub seek: Seek<KeysetPosition<K>>,
}

/// Where a page begins. Positions are values, not rows: they hold when the row
/// that they were taken from is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seek<P> {
    /// At the first row.
    First,
    /// At the first row behind this position.
    After(P),
    /// So that it ends at the last row ahead of this position.
    Before(P),
}

/// A place in an order: that of a row with this sort key and this id, whether
/// there is one or not, or could be: an id of 0 is ahead of all with the same
/// key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeysetPosition<K> {
    /// The sort key; `()` in an order by id.
    pub key: K,
    /// Tells rows with the same key apart.
    pub id: i64,
}

/// One page of a list, in the order of the list whatever way was sought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Whether there are further rows in the direction of the [`Seek`]: behind
    /// the page, or ahead of it for [`Seek::Before`].
    pub more: bool,
}

impl<P> Seek<P> {
    /// Whether the page is sought against the order of the list.
    #[must_use]
    pub const fn is_backwards(&self) -> bool {
        matches!(self, Self::Before(_))
    }

    /// The same place, with its position put differently.
    pub fn map<Q>(self, position: impl FnOnce(P) -> Q) -> Seek<Q> {
        match self {
            Self::First => Seek::First,
            Self::After(at) => Seek::After(position(at)),
            Self::Before(at) => Seek::Before(position(at)),
        }
    }
}

impl<K> From<Seek<KeysetPosition<K>>> for KeysetWindow<K> {
    /// All rows, from there on.
    fn from(seek: Seek<KeysetPosition<K>>) -> Self {
        let range = KeyRange::default();
        Self { range, seek }
    }
}
