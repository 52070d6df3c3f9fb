use std::collections::HashMap;
use std::sync::Mutex;

use byline_domain::{KeyId, Timestamp};

use super::USES_AT_ONCE;

/// The last uses of keys that are not stored yet, so that a request that only reads does not
/// write because of its key.
#[derive(Debug, Default)]
pub struct KeyUsage(Mutex<HashMap<KeyId, Timestamp>>);

impl KeyUsage {
    /// The most keys that are recorded between two calls of [`take`](Self::take). Uses of
    /// further ones are dropped.
    const MAX_KEYS: usize = 100_000;

    /// Records that a key was used.
    pub fn note(&self, id: KeyId, at: Timestamp) {
        if let Ok(mut uses) = self.0.lock() {
            let has_room = uses.len() < Self::MAX_KEYS;
            match uses.get_mut(&id) {
                Some(last) => *last = at.max(*last),
                None if has_room => drop(uses.insert(id, at)),
                None => {}
            }
        }
    }

    /// Removes and returns what was recorded, in chunks for one session each, sorted by id.
    #[must_use]
    pub fn take(&self) -> Vec<Vec<(KeyId, Timestamp)>> {
        let taken = self.0.lock().map(|mut uses| std::mem::take(&mut *uses));
        let mut uses: Vec<_> = taken.unwrap_or_default().into_iter().collect();
        // Sessions that store the same keys lock them in the same order: no deadlock.
        uses.sort_unstable_by_key(|(id, _)| *id);
        uses.chunks(USES_AT_ONCE).map(<[_]>::to_vec).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::at;

    fn key(id: usize) -> KeyId {
        KeyId::try_from(i64::try_from(id).unwrap()).unwrap()
    }

    #[test]
    fn the_last_use_of_each_key_is_taken_once() {
        let usage = KeyUsage::default();
        for (id, micros) in [(2, 5), (1, 7), (2, 9), (1, 6)] {
            usage.note(key(id), at(micros));
        }
        assert_eq!(usage.take(), [vec![(key(1), at(7)), (key(2), at(9))]]);
        assert!(usage.take().is_empty());
    }

    #[test]
    fn the_number_of_keys_is_bounded_and_split_into_chunks() {
        let usage = KeyUsage::default();
        for id in 1..=KeyUsage::MAX_KEYS + 10 {
            usage.note(key(id), at(1));
        }
        // Keys that are recorded already are updated.
        usage.note(key(1), at(2));
        let chunks = usage.take();
        assert!(chunks.iter().all(|uses| uses.len() <= USES_AT_ONCE));
        let all: Vec<_> = chunks.concat();
        assert_eq!(all.len(), KeyUsage::MAX_KEYS);
        assert_eq!(all.first(), Some(&(key(1), at(2))));
    }
}
