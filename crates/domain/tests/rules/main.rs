//! The rules of the domain, seen from outside: every sentence of the
//! documentation is a test.

#![expect(
    clippy::unwrap_used,
    reason = "what a test sets up is right, or the test shall fail"
)]

mod api_keys;
mod email;
mod entities;
mod numbers;
mod policy;
mod text;
mod timestamp;
mod violations;

use byline_domain::{Violation, Violations};

/// The broken rules, in their order; none for a value that was accepted.
fn broken<T>(parsed: Result<T, Violations>) -> Vec<Violation> {
    match parsed {
        Ok(_) => Vec::new(),
        Err(violations) => violations.iter().cloned().collect(),
    }
}
