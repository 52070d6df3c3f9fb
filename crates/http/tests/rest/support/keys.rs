use std::collections::HashMap;

use byline_application::idempotency::Recorded;
use byline_application::{Digest, IdempotencyRepository, RepositoryError, UniqueKey};
use byline_domain::Timestamp;

/// Idempotency keys in memory. Like a mocked session, they roll nothing back.
#[derive(Default)]
pub(crate) struct Keys(HashMap<Digest, Recorded>);

impl IdempotencyRepository for Keys {
    fn insert(
        &mut self,
        key: &Digest,
        fingerprint: &Digest,
        _: Timestamp,
    ) -> Result<(), RepositoryError> {
        if self.0.contains_key(key) {
            return Err(RepositoryError::Duplicate(UniqueKey::IdempotencyKey));
        }
        let fingerprint = *fingerprint;
        let recorded = Recorded {
            fingerprint,
            answer: None,
        };
        self.0.insert(*key, recorded);
        Ok(())
    }

    fn find(&mut self, key: &Digest) -> Result<Option<Recorded>, RepositoryError> {
        Ok(self.0.get(key).cloned())
    }

    fn record(&mut self, key: &Digest, answer: &[u8]) -> Result<(), RepositoryError> {
        self.0.get_mut(key).unwrap().answer = Some(answer.to_vec());
        Ok(())
    }

    fn sweep(&mut self, _: Timestamp, _: u16) -> Result<u16, RepositoryError> {
        unreachable!("requests do not sweep")
    }
}
