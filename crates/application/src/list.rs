//! Lists: which rows, in which order, from where on, how many.
//!
//! Every list that can be asked for is served by one index, so that no request
//! is slow because a table is large. The types see to it: a range lies in the
//! sort key that it narrows, and cannot be combined with another one.

mod limit;
mod range;

use byline_domain::{EmailAddress, Timestamp, UserId};

pub use limit::{InvalidLimit, Limit};
pub use range::KeyRange;

/// Which users, in which order, from where on, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserQuery {
    /// Only the user with this address, in whatever ASCII case.
    pub email: Option<EmailAddress>,
    /// The sort key, its range, and where the page begins.
    pub order: UserOrder,
    /// Which way the order runs.
    pub direction: Direction,
    /// The most users that the page may have.
    pub limit: Limit,
}

/// What users are ordered by. Equal keys are told apart by the id, which runs
/// in the same direction. Text is ordered by code point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserOrder {
    /// By id.
    Id(Seek<KeysetPosition<()>>),
    /// By name.
    Name(KeysetWindow<String>),
    /// By the [key](EmailAddress::key) of the e-mail address.
    Email(Seek<KeysetPosition<String>>),
    /// By the time of creation.
    CreatedAt(KeysetWindow<Timestamp>),
}

/// Which posts, in which order, from where on, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostQuery {
    /// Only the posts of this user.
    pub author: Option<UserId>,
    /// The sort key, its range, and where the page begins.
    pub order: PostOrder,
    /// Which way the order runs.
    pub direction: Direction,
    /// The most posts that the page may have.
    pub limit: Limit,
}

/// What posts are ordered by, as in [`UserOrder`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostOrder {
    /// By id.
    Id(Seek<KeysetPosition<()>>),
    /// By title.
    Title(KeysetWindow<String>),
    /// By the time of creation.
    CreatedAt(KeysetWindow<Timestamp>),
    /// By the time of the last change.
    UpdatedAt(KeysetWindow<Timestamp>),
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

impl UserOrder {
    /// See [`Seek::is_backwards`].
    #[must_use]
    pub fn is_backwards(&self) -> bool {
        match self {
            Self::Id(seek) => seek.is_backwards(),
            Self::Name(span) => span.seek.is_backwards(),
            Self::Email(seek) => seek.is_backwards(),
            Self::CreatedAt(span) => span.seek.is_backwards(),
        }
    }
}

impl PostOrder {
    /// See [`Seek::is_backwards`].
    #[must_use]
    pub fn is_backwards(&self) -> bool {
        match self {
            Self::Id(seek) => seek.is_backwards(),
            Self::Title(span) => span.seek.is_backwards(),
            Self::CreatedAt(span) | Self::UpdatedAt(span) => span.seek.is_backwards(),
        }
    }
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
