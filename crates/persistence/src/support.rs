//! The servers that the tests in `tests` start, for tests of what is seen from
//! within only.

use std::time::{Duration, Instant};

#[expect(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "those tests do more with it"
)]
#[path = "../tests/support/servers/mod.rs"]
pub(crate) mod servers;

/// Waits until it is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "in a minute, not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
