//! Counters and histograms of the running service, independent of how they are
//! exported.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

mod store;

pub use store::{FileSizes, PoolMetrics, QueueMetrics, Retries, StoreMetrics, ThreadMetrics};

/// A number that only grows. Increments are one atomic instruction.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A histogram with fixed ranges. An observation takes two atomic instructions and no
/// lock.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for values above all of them.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// Upper bounds for times, in nanoseconds: from a tenth of a millisecond to ten seconds.
pub const TIME_BOUNDS: &[u64] = &[
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

impl Histogram {
    /// Creates a histogram whose ranges end at the ascending `bounds`, inclusive. The
    /// last range has no end.
    #[must_use]
    pub fn new(bounds: &'static [u64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Creates a histogram with [`TIME_BOUNDS`].
    #[must_use]
    pub fn of_times() -> Self {
        Self::new(TIME_BOUNDS)
    }

    /// Adds a value.
    pub fn observe(&self, value: u64) {
        let range = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(range) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Adds a time in nanoseconds.
    pub fn observe_time(&self, time: Duration) {
        self.observe(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Returns the observations so far. Concurrent ones may be counted in part.
    pub fn snapshot(&self) -> Distribution {
        let mut counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let ranges = self.bounds.iter().copied().zip(counts.by_ref()).collect();
        Distribution {
            ranges,
            beyond: counts.next().unwrap_or_default(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// A snapshot of a [`Histogram`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// The inclusive upper bound of each range, and the number of observations in it.
    pub ranges: Vec<(u64, u64)>,
    /// The number of observations above all bounds.
    pub beyond: u64,
    /// The sum of all observations.
    pub sum: u64,
}

impl Distribution {
    /// Returns the number of observations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(_, count)| count).sum::<u64>() + self.beyond
    }

    /// Adds the observations of another histogram with the same bounds.
    pub fn add(&mut self, other: &Self) {
        if self.ranges.is_empty() {
            self.clone_from(other);
            return;
        }
        for ((_, count), (_, more)) in self.ranges.iter_mut().zip(&other.ranges) {
            *count += more;
        }
        self.beyond += other.beyond;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive() {
        let histogram = Histogram::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11, 1_000] {
            histogram.observe(value);
        }
        let seen = histogram.snapshot();
        assert_eq!(seen.ranges, [(1, 2), (10, 2)]);
        assert_eq!((seen.beyond, seen.sum, seen.count()), (2, 1_024, 6));
    }

    #[test]
    fn times_are_nanoseconds() {
        let histogram = Histogram::of_times();
        histogram.observe_time(Duration::from_micros(100));
        histogram.observe_time(Duration::from_secs(3600));
        let seen = histogram.snapshot();
        assert_eq!(seen.ranges.first(), Some(&(100_000, 1)));
        assert_eq!((seen.beyond, seen.sum), (1, 3_600_000_100_000));
    }

    #[test]
    fn distributions_add_up() {
        let (one, other) = (Histogram::new(&[1]), Histogram::new(&[1]));
        one.observe(1);
        other.observe(1);
        other.observe(5);
        let mut sum = Distribution::default();
        sum.add(&one.snapshot());
        sum.add(&other.snapshot());
        assert_eq!(sum.ranges, [(1, 2)]);
        assert_eq!((sum.beyond, sum.sum), (1, 7));
    }

    #[test]
    fn counts_of_all_threads_are_complete() {
        let (counter, histogram) = (Counter::default(), Histogram::of_times());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for value in 0..1_000 {
                        counter.increment();
                        histogram.observe(value);
                    }
                });
            }
        });
        assert_eq!(counter.get(), 4_000);
        assert_eq!(histogram.snapshot().count(), 4_000);
    }
}
