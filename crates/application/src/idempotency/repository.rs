use byline_domain::Timestamp;

use super::Digest;
use crate::RepositoryError;

/// The idempotency keys of requests, and the answers to requests that were carried out. Errors
/// as in [`Repository`](crate::Repository).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait IdempotencyRepository: Send {
    /// Stores `key` at the moment `now`, for the request with this fingerprint and without an
    /// answer. Other sessions see it once this one is committed, together with its effect, and
    /// never if this one is undone.
    ///
    /// Waits for the end of another session that stored the same key. Fails with
    /// [`UniqueKey::IdempotencyKey`] if the key exists, and with
    /// [`RepositoryError::LockTimeout`] if the wait takes longer than the store allows; the
    /// session can go on after the former only.
    ///
    /// [`UniqueKey::IdempotencyKey`]: crate::UniqueKey::IdempotencyKey
    fn insert(
        &mut self,
        key: &Digest,
        fingerprint: &Digest,
        now: Timestamp,
    ) -> Result<(), RepositoryError>;

    /// Returns the contents of `key`, if it exists. A key that [`insert`](Self::insert) has just
    /// reported as existing is found, unless a sweep removed it meanwhile.
    fn find(&mut self, key: &Digest) -> Result<Option<Recorded>, RepositoryError>;

    /// Stores the answer to the request with `key`, which this session inserted.
    fn record(&mut self, key: &Digest, answer: &[u8]) -> Result<(), RepositoryError>;

    /// Removes at most `most` of the keys that were inserted before this moment, the oldest
    /// first, and returns how many. Sessions that insert keys do not wait for it.
    fn sweep(&mut self, before: Timestamp, most: u16) -> Result<u16, RepositoryError>;
}

/// The contents of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The fingerprint of the first request with the key.
    pub fingerprint: Digest,
    /// Its answer; `None` until it ends.
    pub answer: Option<Vec<u8>>,
}
