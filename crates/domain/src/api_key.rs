use crate::policy::{Caller, Principal, Scopes};
use crate::text::{line, texts};
use crate::{Id, Timestamp, UserId};

/// A credential that an operator gave somebody, as the service knows it: not
/// its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Given by the store, never reused.
    pub id: KeyId,
    /// How its secret begins, to recognise it by.
    pub hint: String,
    /// What it is for; whom it lets act, in what.
    pub grant: NewApiKey,
    /// When it was created.
    pub created_at: Timestamp,
    /// Since when it is of no more use, if it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What an operator decides about a key when it is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    /// What the operator calls it.
    pub name: KeyName,
    /// The user who acts with it; without one, a program of no user.
    pub user: Option<UserId>,
    /// What it allows.
    pub scopes: Scopes,
    /// From when on it is of no more use.
    pub expires_at: Option<Timestamp>,
}

texts! {
    /// What a key is called: 1 to 100 characters, not blank, no control characters.
    KeyName, 100, line;
}

/// The id of an API key.
pub type KeyId = Id<ApiKey>;

/// Why a key is of no more use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyEnded {
    /// An operator revoked it.
    #[error("was revoked")]
    Revoked,
    /// Its time is over.
    #[error("has expired")]
    Expired,
}

impl ApiKey {
    /// Who calls with this key at the moment `now`.
    ///
    /// # Errors
    ///
    /// Why it is of no more use.
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
