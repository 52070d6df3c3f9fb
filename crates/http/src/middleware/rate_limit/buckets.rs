//! How much of a quota everybody has used, in bounded memory.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use governor::nanos::Nanos;
use governor::state::keyed::{HashMapStateStore, ShrinkableKeyedStateStore};
use governor::state::{InMemoryState, NotKeyed, StateStore};

/// Who has a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::middleware::rate_limit) enum BucketKey {
    /// Everybody in this network who shows no credential.
    Network(IpAddr),
    /// Whoever shows this credential, by a digest of it.
    Credential([u8; 32]),
}

/// The most that are told apart: some 6 MB.
pub(in crate::middleware::rate_limit) const MOST_KEYS: usize = 65_536;

/// A bucket each for the first [`MOST_KEYS`], and one for all who come while
/// these are in use. Clones are the same buckets.
#[derive(Clone, Default)]
pub(in crate::middleware::rate_limit) struct Buckets(Arc<BucketMaps>);

#[derive(Default)]
struct BucketMaps {
    known: HashMapStateStore<BucketKey>,
    others: InMemoryState,
}

impl StateStore for Buckets {
    type Key = BucketKey;

    fn measure_and_replace<T, F, E>(&self, key: &BucketKey, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let BucketMaps { known, others } = self.0.as_ref();
        let is_stranger = {
            let known = known.lock();
            known.len() >= MOST_KEYS && !known.contains_key(key)
        };
        if is_stranger {
            others.measure_and_replace(&NotKeyed::NonKey, f)
        } else {
            known.measure_and_replace(key, f)
        }
    }
}

impl ShrinkableKeyedStateStore<BucketKey> for Buckets {
    fn retain_recent(&self, drop_below: Nanos) {
        self.0.known.retain_recent(drop_below);
    }

    fn shrink_to_fit(&self) {
        self.0.known.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.0.known.len()
    }

    fn is_empty(&self) -> bool {
        self.0.known.is_empty()
    }
}

/// The same buckets, only looked into: nothing is used up.
pub(in crate::middleware::rate_limit) struct PeekStore(
    pub(in crate::middleware::rate_limit) Buckets,
);

impl StateStore for PeekStore {
    type Key = BucketKey;

    fn measure_and_replace<T, F, E>(&self, key: &BucketKey, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // What fails leaves a bucket as it is.
        let seen: Result<Infallible, Result<T, E>> = self
            .0
            .measure_and_replace(key, |used| Err(f(used).map(|(allowed, _)| allowed)));
        match seen {
            Ok(never) => match never {},
            Err(seen) => seen,
        }
    }
}
