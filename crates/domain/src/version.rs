use crate::id::{MAX, MAX_IMPORTED};

/// How often a row was written: 1 when it was created, one more with every
/// change. Two reads that give the same version gave the same row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

/// The row is in the last version that there can be: it cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is in the last version that there can be")]
pub struct LastVersion;

impl Version {
    /// The version of a row that was never changed.
    pub const FIRST: Self = Self(1);

    /// The last version there can be, as of ids.
    pub const MAX: Self = Self(MAX);

    /// The greatest version that a row may bring with it from elsewhere: changes
    /// follow it.
    pub const MAX_IMPORTED: Self = Self(MAX_IMPORTED);

    /// The version with this number, if it is one (1 to 2^53-1).
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

    /// The version as the stores keep it.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}
