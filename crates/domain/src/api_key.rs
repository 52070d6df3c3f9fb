use crate::policy::{Caller, Principal, Scopes};
use crate::text::{line, texts};
use crate::{Id, Timestamp, UserId};

/// An API key as the service keeps it: without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Given by the store, never reused.
    pub id: KeyId,
    /// The beginning of its secret, by which an operator recognises it.
    pub hint: String,
    /// Its name, its holder and its scopes.
    pub grant: NewApiKey,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// The properties that an operator gives a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// Its name, for operators.
    pub name: KeyName,
    /// The user who acts with it; without one, the key belongs to a program.
    pub user: Option<UserId>,
    /// What it allows.
    pub scopes: Scopes,
    /// When it expires, if ever.
    pub expires_at: Option<Timestamp>,
}

texts! {
    /// The name of a key: 1 to 100 characters, not blank, no control characters.
    KeyName, 100, line;
}

/// The id of an API key.
pub type KeyId = Id<ApiKey>;

/// The reason why a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyEnded {
    /// An operator revoked it.
    #[error("was revoked")]
    Revoked,
    /// It has expired.
    #[error("has expired")]
    Expired,
}

impl ApiKey {
    /// Returns the principal who calls with this key at the moment `now`.
    ///
    /// # Errors
    ///
    /// The key was revoked or has expired.
    pub fn principal(&self, now: Timestamp) -> Result<Principal, KeyEnded> {
        if self.revoked_at.is_some() {
            return Err(KeyEnded::Revoked);
        }
        if self.grant.expires_at.is_some_and(|end| end <= now) {
            return Err(KeyEnded::Expired);
        }
        Ok(Principal {
            caller: self.grant.user.map_or(Caller::Machine, Caller::User),
            scopes: self.grant.scopes,
        })
    }
}
