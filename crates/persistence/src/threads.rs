//! The threads of a store. A thread that panics is started again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use byline_application::Store;

use crate::OpenError;
use crate::metrics::ThreadCounters;

/// A store whose threads can be ended.
pub(crate) trait EngineStore: Store {
    /// Refuses new jobs, finishes those it has accepted, and ends the threads.
    fn close(&self);
}

/// The pause after a panic, so that a thread that keeps panicking costs little.
const RESTART_PAUSE: Duration = Duration::from_millis(100);

/// The threads of one store.
#[derive(Default)]
pub(crate) struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Threads {
    /// Starts a thread that runs `work` until it returns. After a panic, `work`
    /// runs again from its beginning; until then, `counters` miss a thread.
    pub(crate) fn spawn(
        &self,
        name: &str,
        counters: &Arc<ThreadCounters>,
        mut work: impl FnMut() + Send + 'static,
    ) -> Result<Thread, OpenError> {
        let counters = Arc::clone(counters);
        let handle = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let panic_guard = PanicGuard(&counters);
                while catch_unwind(AssertUnwindSafe(&mut work)).is_err() {
                    let _missing = counters.missing();
                    tracing::error!("a thread of the store panicked; it is started again");
                    thread::park_timeout(RESTART_PAUSE);
                }
                drop(panic_guard);
            })
            .map_err(|error| OpenError::Store(Arc::new(error)))?;
        let thread = handle.thread().clone();
        if let Ok(mut threads) = self.0.lock() {
            threads.push(handle);
        }
        Ok(thread)
    }

    /// Wakes the threads and waits until they have ended.
    pub(crate) fn join(&self) {
        let threads = match self.0.lock() {
            Ok(mut threads) => std::mem::take(&mut *threads),
            Err(_) => return,
        };
        for thread in threads {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("a panic ended a thread of the store");
            }
        }
    }
}

/// Counts the thread as lost if a panic ends it after all.
struct PanicGuard<'a>(&'a ThreadCounters);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.lost();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_thread_that_panics_is_counted_missing_and_started_again() {
        let (threads, counters) = (Threads::default(), ThreadCounters::new("worker", 1));
        let (started, starts) = mpsc::channel();
        let runs = AtomicU32::new(0);
        let state = Arc::clone(&counters);
        let thread = threads
            .spawn("byline-test", &counters, move || {
                let run = runs.fetch_add(1, Ordering::Relaxed);
                started.send(state.is_complete()).unwrap();
                assert!(run > 1, "as a bug would");
            })
            .unwrap();
        for _ in 0..3 {
            assert!(starts.recv().unwrap(), "a run began while it was missing");
            thread.unpark();
        }
        threads.join();
        assert!(counters.is_complete());
        assert_eq!(counters.snapshot().restarts, 2);
    }

    #[test]
    fn counters_are_incomplete_while_a_thread_is_missing() {
        let counters = ThreadCounters::new("worker", 2);
        let one = counters.missing();
        assert!(!counters.is_complete());
        assert_eq!(counters.snapshot().missing, 1);
        drop(one);
        assert!(counters.is_complete());
        assert_eq!(counters.snapshot().restarts, 1);
    }
}
