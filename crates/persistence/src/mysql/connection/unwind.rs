//! Panics of the driver.
//!
//! The driver panics over some packets that only a faulty server sends (a malformed RSA
//! key, an empty challenge), and over authentication plugins that it was built without.
//! The store calls the driver through [`caught`] only, so that no packet ends a thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs work that uses the driver.
///
/// A panic may leave what `work` borrows half changed: the caller gives the connection
/// up. The error is the text of the panic.
pub(in crate::mysql) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| text_of(&*panic))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_owned()
}
