//! The system clock.

use std::time::{SystemTime, UNIX_EPOCH};

use byline_application::Clock;
use byline_domain::Timestamp;

/// The system clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = since.map_or(0, |since| since.as_micros());
        let micros = i64::try_from(micros).unwrap_or(i64::MAX);
        Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
    }
}

/// Returns the current time.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}
