//! Test servers, as the tests in `tests` start them, for tests of private code.

use std::time::{Duration, Instant};

#[expect(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "those tests do more with it"
)]
#[path = "../tests/support/servers/mod.rs"]
pub(crate) mod servers;

/// Waits until the condition is true. `what` describes it.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "in a minute, not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
