//! Panics of the driver.
//!
//! The driver panics over some packets that no honest server sends (an RSA key
//! that is none, an empty challenge), and over authentication plugins that it was
//! built without. Everything of it that runs on this store's threads runs in here,
//! so that no packet ends a thread.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what uses the driver.
///
/// What `work` borrows may be left half changed by a panic: the caller gives the
/// connection up.
///
/// # Errors
///
/// The text of the panic that ended `work`.
pub(in crate::mysql) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| text_of(&*panic))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_owned()
}
