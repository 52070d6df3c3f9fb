use std::{fmt, str};

/// A time, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Its text form is RFC 3339 in UTC with six fractional digits, such as
/// `2026-11-22T10:00:00.123456Z`. Text forms sort as the times do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The value is not a time, or not one that a [`Timestamp`] can represent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 time up to 9999-12-30T00:00:00Z, such as 2026-11-22T10:00:00Z")]
pub struct TimestampError;

impl Timestamp {
    /// 0001-01-01T00:00:00Z
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// 9999-12-30T00:00:00Z. The last day of that year is excluded: in other time zones it is in
    /// a year of five digits, which RFC 3339 does not have.
    pub const MAX: Self = Self(253_402_128_000_000_000);

    /// Returns the time that is `micros` microseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// The time is before [`MIN`](Self::MIN) or after [`MAX`](Self::MAX).
    pub const fn from_micros(micros: i64) -> Result<Self, TimestampError> {
        if micros >= Self::MIN.0 && micros <= Self::MAX.0 {
            Ok(Self(micros))
        } else {
            Err(TimestampError)
        }
    }

    /// Returns the microseconds since 1970-01-01T00:00:00Z.
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

    /// Parses a `date-time` of RFC 3339, section 5.6; other formats of ISO 8601 are refused. Any
    /// offset is accepted, digits beyond the microsecond are dropped, and a leap second becomes
    /// the second before it.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let (seconds, fraction, offset) = split(text).ok_or(TimestampError)?;
        // jiff refuses more than nine fractional digits.
        let moment: jiff::Timestamp = format!("{seconds}.{fraction:0<6.6}{offset}")
            .parse()
            .map_err(|_| TimestampError)?;
        Self::from_micros(moment.as_microsecond())
    }
}

/// Splits a `date-time` into date and time to the second, fractional digits and offset, or
/// returns `None` if `text` has another shape. jiff checks the numbers, but accepts other shapes
/// too, and offsets above 23 hours.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let (seconds, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    let (fraction, offset) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("0", rest),
    };
    let offset_hours = offset.get(1..3).unwrap_or("00");
    (has_shape(seconds, "0000-00-00T00:00:00")
        && !fraction.is_empty()
        && (has_shape(offset, "Z") || has_shape(offset, "+00:00"))
        && offset_hours <= "23")
        .then_some((seconds, fraction, offset))
}

/// Returns whether `text` differs from `shape` only in its digits, its signs and the case of its
/// letters.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'+' => byte == b'+' || byte == b'-',
                other => byte.eq_ignore_ascii_case(&other),
            })
}
