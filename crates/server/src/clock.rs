//! The machine's clock.

use byline_application::Clock;
use byline_domain::Timestamp;

/// The clock of this machine.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock the others ask"
    )]
    fn now(&self) -> Timestamp {
        let micros = jiff::Timestamp::now().as_microsecond();
        // Year 9999 at the latest: a machine's clock may be that wrong.
        Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
    }
}
