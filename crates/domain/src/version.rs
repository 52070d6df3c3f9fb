/// How often a row was written: 1 when it was created, one more with every
/// change. Two reads that give the same version gave the same row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

impl Version {
    /// The version of a row that was never changed.
    pub const FIRST: Self = Self(1);

    /// The version with this number, if it is one (1 or more).
    #[must_use]
    pub const fn new(number: i64) -> Option<Self> {
        if number >= 1 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The version as the stores keep it.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}
