use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Whether reads are quick: whether they find their pages in memory.
///
/// A page that has to be fetched from a disk, or a disk that does not answer,
/// shows as a read that takes long. From then on none is run by the thread that
/// asks, until a number of them in a row were quick on the reader threads. So a
/// slow disk holds such a thread up once and not again.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// How many quick reads it takes until they are quick again.
    missing: AtomicU32,
}

/// The longest that a quick read takes. A page of a hundred rows out of memory
/// takes a fiftieth of it; the rest is for a processor that is given to somebody
/// else meanwhile.
const QUICK: Duration = Duration::from_millis(5);

/// How many reads in a row have to be quick after one that was slow.
const IN_A_ROW: u32 = 32;

impl Pace {
    pub(super) fn is_quick(&self) -> bool {
        self.missing.load(Ordering::Relaxed) == 0
    }

    /// Takes note of how long a read took.
    pub(super) fn note(&self, took: Duration) {
        if took > QUICK {
            self.missing.store(IN_A_ROW, Ordering::Relaxed);
        } else if !self.is_quick() {
            let one_less = |missing: u32| missing.checked_sub(1);
            // None is missing any more if that fails.
            let _ = self
                .missing
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_read_is_made_up_for_by_many_quick_ones() {
        let pace = Pace::default();
        assert!(pace.is_quick());
        pace.note(QUICK);
        assert!(pace.is_quick());
        for _ in 0..3 {
            pace.note(QUICK + Duration::from_nanos(1));
            for _ in 0..IN_A_ROW {
                assert!(!pace.is_quick());
                pace.note(QUICK);
            }
            assert!(pace.is_quick());
        }
    }

    #[test]
    fn a_slow_read_among_the_quick_ones_starts_the_count_anew() {
        let pace = Pace::default();
        let slow = 2 * QUICK;
        pace.note(slow);
        for _ in 1..IN_A_ROW {
            pace.note(QUICK);
        }
        pace.note(slow);
        for _ in 0..IN_A_ROW {
            assert!(!pace.is_quick());
            pace.note(QUICK);
        }
        assert!(pace.is_quick());
    }
}
