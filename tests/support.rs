//! What the tests share.

mod binaries;
mod client;
pub(crate) mod collector;
pub(crate) mod galera;
mod sandbox;
mod server;
#[expect(
    dead_code,
    unused_imports,
    reason = "the tests of `crates/persistence` do more with it"
)]
#[path = "../crates/persistence/tests/support/servers/mod.rs"]
pub(crate) mod servers;

use std::fs::OpenOptions;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

pub(crate) use binaries::{binaries, cargo};
pub(crate) use client::{Answer, Client, raw};
pub(crate) use sandbox::{Ended, Sandbox, on_each_engine};
pub(crate) use server::Server;

/// How long anything may take before a test gives up: far more than it takes,
/// because machines that run tests are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Whether all is tested that can be (`scripts/test --full`, which sets
/// `BYLINE_TEST_FULL=1`), or as much as takes a minute.
pub(crate) fn is_full() -> bool {
    std::env::var_os("BYLINE_TEST_FULL").is_some_and(|value| value == "1")
}

/// Tells whoever runs the tests, past the capture of the harness.
pub(crate) fn say(text: &str) {
    let stderr = OpenOptions::new().append(true).open("/dev/stderr");
    drop(stderr.and_then(|mut stderr| writeln!(stderr, "{text}")));
}

/// Waits until it is so.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, || is_so().then_some(()));
}

/// Waits until `probe` gives something.
pub(crate) fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
