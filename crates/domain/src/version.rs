use crate::id::{MAX, MAX_IMPORTED};

/// The number of times that a row was written: 1 when it was created, one more with every
/// change. The same version means the same contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

/// The row is in the last possible version and cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is in the last version that there can be")]
pub struct LastVersion;

impl Version {
    /// The version of a row that was never changed.
    pub const FIRST: Self = Self(1);

    /// The last version, which has the number of the largest id.
    pub const MAX: Self = Self(MAX);

    /// The greatest version that an imported row may have: changes give it greater ones.
    pub const MAX_IMPORTED: Self = Self(MAX_IMPORTED);

    /// Returns the version with this number, if it is one (1 to 2^53-1).
    #[must_use]
    pub const fn new(number: i64) -> Option<Self> {
        if number >= 1 && number <= MAX {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Returns the version after this one.
    ///
    /// # Errors
    ///
    /// This one is the last.
    pub const fn next(self) -> Result<Self, LastVersion> {
        if self.0 < MAX {
            Ok(Self(self.0 + 1))
        } else {
            Err(LastVersion)
        }
    }

    /// Returns the version as the stores keep it.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}
