use std::collections::HashMap;
use std::sync::Mutex;

use byline_domain::{KeyId, Timestamp};

use super::USES_AT_ONCE;

/// When keys were last used, until somebody stores it: a request that only
/// reads shall not write because of its key.
#[derive(Debug, Default)]
pub struct KeyUsage(Mutex<HashMap<KeyId, Timestamp>>);

impl KeyUsage {
    /// The most keys that are remembered between two calls of
    /// [`take`](Self::take). Uses of further ones are forgotten.
    const MOST: usize = 100_000;

    /// Notes that a key was used.
    pub fn note(&self, id: KeyId, at: Timestamp) {
        if let Ok(mut uses) = self.0.lock() {
            let room = uses.len() < Self::MOST;
            match uses.get_mut(&id) {
                Some(last) => *last = at.max(*last),
                None if room => drop(uses.insert(id, at)),
                None => {}
            }
        }
    }

    /// What was noted, to be stored: portions for a session each, by ids.
    #[must_use]
    pub fn take(&self) -> Vec<Vec<(KeyId, Timestamp)>> {
        let taken = self.0.lock().map(|mut uses| std::mem::take(&mut *uses));
        let mut uses: Vec<_> = taken.unwrap_or_default().into_iter().collect();
        // In one order everywhere: sessions that store the same keys cannot
        // wait for each other in a circle.
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
    fn the_last_use_counts_and_is_given_once() {
        let usage = KeyUsage::default();
        for (id, micros) in [(2, 5), (1, 7), (2, 9), (1, 6)] {
            usage.note(key(id), at(micros));
        }
        assert_eq!(usage.take(), [vec![(key(1), at(7)), (key(2), at(9))]]);
        assert!(usage.take().is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_comes_in_portions() {
        let usage = KeyUsage::default();
        for id in 1..=KeyUsage::MOST + 10 {
            usage.note(key(id), at(1));
        }
        // Known ones are noted all the same.
        usage.note(key(1), at(2));
        let portions = usage.take();
        assert!(portions.iter().all(|uses| uses.len() <= USES_AT_ONCE));
        let all: Vec<_> = portions.concat();
        assert_eq!(all.len(), KeyUsage::MOST);
        assert_eq!(all.first(), Some(&(key(1), at(2))));
    }
}
