use byline_domain::{ApiKey, KeyId, NewApiKey, Timestamp};

use crate::{Digest, RepositoryError, RowLock};

/// The API keys. Errors as in [`Repository`](crate::Repository).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait KeyRepository: Send {
    /// Returns the key with this secret, if there is one. The keys of a user are deleted with
    /// the user. One statement, by a unique index.
    fn find(&mut self, secret: &Digest, lock: RowLock) -> Result<Option<Found>, RepositoryError>;

    /// Stores a new key under an id that no key had before.
    ///
    /// Fails with [`RepositoryError::MissingReference`] by [`USER`](super::USER) if there is no
    /// such user.
    fn insert(
        &mut self,
        grant: &NewApiKey,
        secret: &Digest,
        hint: &str,
        now: Timestamp,
    ) -> Result<ApiKey, RepositoryError>;

    /// Returns the first `most` keys, the oldest first.
    fn list(&mut self, most: u16) -> Result<Vec<ListedKey>, RepositoryError>;

    /// Revokes a key at the moment `now`, unless it was revoked before. Returns whether it was
    /// not, or `None` if there is no such key.
    fn revoke(&mut self, id: KeyId, now: Timestamp) -> Result<Option<bool>, RepositoryError>;

    /// Stores that a key was used at this moment, unless a later use of it is stored or the key
    /// does not exist any more. Does not wait for sessions that [`find`](Self::find) the key.
    fn note_use(&mut self, id: KeyId, at: Timestamp) -> Result<(), RepositoryError>;
}

/// A key, and the digest of its secret as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The key.
    pub key: ApiKey,
    /// The digest.
    pub secret: Digest,
}

/// A key in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: ApiKey,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}
