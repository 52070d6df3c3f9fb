//! The used quotas, in bounded memory.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use governor::nanos::Nanos;
use governor::state::keyed::{HashMapStateStore, ShrinkableKeyedStateStore};
use governor::state::{InMemoryState, NotKeyed, StateStore};

/// The owner of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum BucketKey {
    /// All clients in this network that send no credential.
    Network(IpAddr),
    /// All clients that send the credential with this digest.
    Credential([u8; 32]),
}

/// The maximum number of owners that have a bucket of their own: about 6 MB.
pub(super) const MAX_KEYS: usize = 65_536;

/// A bucket each for the first [`MAX_KEYS`] owners, and one that all others share
/// while these are in use. Clones share their buckets.
#[derive(Clone, Default)]
pub(super) struct Buckets(Arc<BucketMaps>);

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
        let is_full = {
            let known = known.lock();
            known.len() >= MAX_KEYS && !known.contains_key(key)
        };
        if is_full {
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

/// A view of the same buckets that takes nothing from them.
pub(super) struct PeekStore(pub(super) Buckets);

impl StateStore for PeekStore {
    type Key = BucketKey;

    fn measure_and_replace<T, F, E>(&self, key: &BucketKey, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // An error leaves a bucket as it is, so every result is returned as one.
        let seen: Result<Infallible, Result<T, E>> = self
            .0
            .measure_and_replace(key, |used| Err(f(used).map(|(allowed, _)| allowed)));
        match seen {
            Ok(never) => match never {},
            Err(seen) => seen,
        }
    }
}
