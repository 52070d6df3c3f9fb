//! The system clock.

use byline_domain::Timestamp;

/// Returns the current time.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
pub(crate) fn now() -> Timestamp {
    let micros = jiff::Timestamp::now().as_microsecond();
    // Only a wrong clock is outside the range, which ends with the year 9999.
    Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
}
