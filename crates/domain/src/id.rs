use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

/// The number is below 1 or above 2^53-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is a whole number from 1 to {max}", max = MAX)]
pub struct IdOutOfRange;

/// The largest integer that every JSON reader represents exactly (RFC 8259, section 6).
pub(crate) const MAX: i64 = (1 << 53) - 1;

/// The largest imported id, which leaves 2^40 ids for the database to give: at a thousand a
/// second, they last for 34 years.
pub(crate) const MAX_IMPORTED: i64 = MAX - (1 << 40);

/// The id of a row of kind `T`: a whole number from 1 to 2^53-1.
pub struct Id<T>(i64, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// The largest id.
    pub const MAX: Self = Self::new(MAX);

    /// The largest id that an imported row may have: larger ones are given by the database.
    pub const MAX_IMPORTED: Self = Self::new(MAX_IMPORTED);

    const fn new(number: i64) -> Self {
        Self(number, PhantomData)
    }

    /// Returns the id as the stores keep it.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl<T> TryFrom<i64> for Id<T> {
    type Error = IdOutOfRange;

    fn try_from(number: i64) -> Result<Self, IdOutOfRange> {
        if (1..=MAX).contains(&number) {
            Ok(Self::new(number))
        } else {
            Err(IdOutOfRange)
        }
    }
}

// Not derived: an id can be copied and compared even if a `T` cannot.

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({})", self.0)
    }
}

impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
