use std::{fmt, str};

/// A moment, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Its text form is RFC 3339 in UTC with six digits of fraction, for instance
/// `2026-11-22T10:00:00.123456Z`; it sorts as the moments do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Not a moment that a [`Timestamp`] can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 time of the years 1 to 9999, such as 2026-11-22T10:00:00Z")]
pub struct TimestampError;

impl Timestamp {
    /// 0001-01-01T00:00:00Z
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// 9999-12-30T00:00:00Z. The last day is left out: in other time zones it
    /// belongs to a year of five digits, which RFC 3339 cannot write.
    pub const MAX: Self = Self(253_402_128_000_000_000);

    /// The moment that many microseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// Before [`MIN`](Self::MIN) or after [`MAX`](Self::MAX).
    pub const fn from_micros(micros: i64) -> Result<Self, TimestampError> {
        if micros >= Self::MIN.0 && micros <= Self::MAX.0 {
            Ok(Self(micros))
        } else {
            Err(TimestampError)
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_microsecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{moment:.6}")
    }
}

impl str::FromStr for Timestamp {
    type Err = TimestampError;

    /// Any offset is accepted; digits beyond the microsecond are dropped.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        let micros = moment.as_nanosecond().div_euclid(1_000);
        Self::from_micros(i64::try_from(micros).map_err(|_| TimestampError)?)
    }
}
