use byline_application::Clock;
use byline_domain::Timestamp;

/// The clock of this machine.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the implementation of the clock")]
    fn now(&self) -> Timestamp {
        let micros = jiff::Timestamp::now().as_microsecond();
        // Only a wrong clock is outside the range, which ends with the year 9999.
        Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
    }
}
