//! The MariaDB server that the tests in `tests` start, for tests of what is
//! seen from within only.

#![expect(dead_code, reason = "those tests do more with it")]
use std::time::{Duration, Instant};

#[path = "../tests/support/mariadb/admin.rs"]
mod admin;
#[path = "../tests/support/mariadb/server.rs"]
pub(crate) mod server;

pub(crate) use admin::Admin;

/// Waits until it is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "in a minute, not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
