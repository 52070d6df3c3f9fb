use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use byline_application::Cause;

/// Why something cannot be used, if it cannot. Takes no lock while all is well.
#[derive(Default)]
pub(super) struct Trouble {
    is_set: AtomicBool,
    cause: Mutex<Option<Cause>>,
}

impl Trouble {
    /// Sets the cause. Returns whether there was none.
    pub(super) fn set(&self, cause: Cause) -> bool {
        let mut current = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(cause);
        !self.is_set.swap(true, Ordering::Relaxed)
    }

    /// Removes the cause. Returns whether there was one.
    pub(super) fn clear(&self) -> bool {
        if !self.is_set.load(Ordering::Relaxed) {
            return false;
        }
        let mut current = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        *current = None;
        self.is_set.swap(false, Ordering::Relaxed)
    }

    pub(super) fn cause(&self) -> Option<Cause> {
        if !self.is_set.load(Ordering::Relaxed) {
            return None;
        }
        let current = self.cause.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }
}
