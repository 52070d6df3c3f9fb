use byline_domain::Timestamp;

use super::Digest;
use crate::RepositoryError;

/// The keys of requests that may come more than once, with the answers to
/// those that were carried out. Errors as in
/// [`Repository`](crate::Repository).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait IdempotencyRepository: Send {
    /// Stores `key` at the moment `now`, for the request with this fingerprint,
    /// without an answer as yet. It is there for other sessions once this one
    /// is committed, together with its effect, and never was if it is undone.
    ///
    /// While another session that stored the same key has not ended, this
    /// method waits for its end. Fails with [`UniqueKey::IdempotencyKey`] when
    /// the key is there, and with [`RepositoryError::LockTimeout`] when the
    /// wait takes longer than the store allows; only the former lets the
    /// session go on.
    ///
    /// [`UniqueKey::IdempotencyKey`]: crate::UniqueKey::IdempotencyKey
    fn insert(
        &mut self,
        key: &Digest,
        fingerprint: &Digest,
        now: Timestamp,
    ) -> Result<(), RepositoryError>;

    /// What is stored under `key`, if it is there. A key that
    /// [`insert`](Self::insert) has just found there is there for this method
    /// too, unless it was swept in between.
    fn find(&mut self, key: &Digest) -> Result<Option<Recorded>, RepositoryError>;

    /// Stores the answer to the request under `key`, which this session has
    /// inserted.
    fn record(&mut self, key: &Digest, answer: &[u8]) -> Result<(), RepositoryError>;

    /// Removes at most `most` of the keys that were inserted before this
    /// moment, the oldest first, and tells how many. Keys that others insert
    /// meanwhile do not wait for it.
    fn sweep(&mut self, before: Timestamp, most: u16) -> Result<u16, RepositoryError>;
}

/// What is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// That of the request which came with the key first.
    pub fingerprint: Digest,
    /// What it was answered; None as long as it has not ended.
    pub answer: Option<Vec<u8>>,
}
