//! The threads of a store: a panic ends none of them for good.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use crate::OpenError;
use crate::metrics::ThreadCounters;

/// How long a thread rests after a panic: one that panics again and again costs
/// little.
const RESTART_PAUSE: Duration = Duration::from_millis(100);

/// The threads of one store.
#[derive(Default)]
pub(crate) struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Threads {
    /// Starts a thread that runs `work` until it returns. After a panic, `work`
    /// runs again from its beginning; `crew` counts that, and is short of a thread
    /// meanwhile.
    pub(crate) fn spawn(
        &self,
        name: &str,
        crew: &Arc<ThreadCounters>,
        mut work: impl FnMut() + Send + 'static,
    ) -> Result<Thread, OpenError> {
        let crew = Arc::clone(crew);
        let handle = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let ended = EndedByPanic(&crew);
                while catch_unwind(AssertUnwindSafe(&mut work)).is_err() {
                    let _missing = crew.missing();
                    tracing::error!("a thread of the store panicked; it is started again");
                    thread::park_timeout(RESTART_PAUSE);
                }
                drop(ended);
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
                tracing::error!("a thread of the store has ended by a panic");
            }
        }
    }
}

/// Leaves the crew short of a thread that not even this module could keep.
struct EndedByPanic<'a>(&'a ThreadCounters);

impl Drop for EndedByPanic<'_> {
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
        let (threads, crew) = (Threads::default(), ThreadCounters::new("worker", 1));
        let (started, starts) = mpsc::channel();
        let runs = AtomicU32::new(0);
        let state = Arc::clone(&crew);
        let thread = threads
            .spawn("byline-test", &crew, move || {
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
        assert!(crew.is_complete());
        assert_eq!(crew.report().restarts, 2);
    }

    #[test]
    fn a_crew_is_incomplete_while_a_thread_is_missing() {
        let crew = ThreadCounters::new("worker", 2);
        let one = crew.missing();
        assert!(!crew.is_complete());
        assert_eq!(crew.report().missing, 1);
        drop(one);
        assert!(crew.is_complete());
        assert_eq!(crew.report().restarts, 1);
    }
}
