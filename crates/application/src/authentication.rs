//! Who is calling: from what somebody shows to whom the policy judges.
//!
//! In two steps. What can be told without the store is told before a session is
//! opened ([`Authentication::recognise`]): a credential that cannot be right
//! costs no statement. What only the store knows is read in the session of the
//! request itself ([`Authentication::principal`]): whether a key was revoked,
//! which user a token means. A session that writes keeps what it read from
//! changing until it ends, so that no write slips through beside a revocation.

use std::sync::Arc;

use byline_domain::policy::{Caller, Identity, Principal, Scopes};
use byline_domain::{KeyEnded, Timestamp};

use crate::identities::Linked;
use crate::keys::{KeyUsage, Secret};
use crate::{AppError, Digest, Session};

/// Which credentials a service takes. By default it asks for none, and
/// everybody is its operator.
#[derive(Clone, Default)]
pub struct Authentication {
    /// Whether keys are taken, and where their uses are noted.
    pub keys: Option<Arc<KeyUsage>>,
    /// Whether tokens are taken, and what judges them.
    pub tokens: Option<Arc<dyn TokenVerifier>>,
    /// Whether everybody may read.
    pub public_reads: bool,
}

/// What somebody showed, as far as it can be told without the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The service asks nobody.
    NotAsked,
    /// Nothing.
    Nothing,
    /// A key, by the digest of its secret.
    Key(Digest),
    /// A token that is genuine and of use.
    Token(Token),
}

/// What a token that was verified says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whom it was issued to.
    pub identity: Identity,
    /// What it allows.
    pub scopes: Scopes,
}

/// Judges tokens.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait TokenVerifier: Send + Sync {
    /// What `token` says, if it is genuine and of use at the moment `now`. Waits
    /// for nothing and nobody.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    fn verify(&self, token: &str, now: Timestamp) -> Result<Token, TokenRefusal>;

    /// Has the keys of the issuer fetched again soon. Waits for nothing.
    fn refresh(&self) {}
}

/// Whether what a session reads may change before the session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowLock {
    /// It may: nothing is decided by it but what is read.
    Released,
    /// It may not.
    UntilTheEnd,
}

/// Why a credential is of no use. `Display` completes "the credential …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// It has not the form of any credential.
    #[error("is neither a key nor a token")]
    Unreadable,
    /// It is a key, and the service takes none.
    #[error("is a key, and this service takes tokens only")]
    KeysNotTaken,
    /// It is a token, and the service takes none.
    #[error("is no key, and this service takes keys only")]
    TokensNotTaken,
    /// The check characters of the key are wrong.
    #[error("is a key that was not copied in full")]
    DamagedKey,
    /// There is no such key.
    #[error("is a key that does not exist")]
    UnknownKey,
    /// The key is of no more use.
    #[error("is a key that {0}")]
    KeyEnded(KeyEnded),
    /// The token is refused.
    #[error("is a token that {0}")]
    Token(TokenRefusal),
    /// The user whom the token means was deleted.
    #[error("is the token of a user who was deleted")]
    UserDeleted,
}

/// Why a token is refused. `Display` completes "the token …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Not a signed JWT in its compact form.
    #[error("is not a signed JWT")]
    Malformed,
    /// Longer than anything that is looked at.
    #[error("is longer than 8 KiB")]
    TooLong,
    /// Signed in a way that is not on the list.
    #[error("is signed by an algorithm that this service does not take")]
    Algorithm,
    /// A header parameter that is not understood or not wanted.
    #[error("has the header parameter `{0}`, which this service does not take")]
    Header(&'static str),
    /// For another purpose than access.
    #[error("is not of the type `at+jwt` or `JWT`")]
    Type,
    /// Signed with a key that the issuer does not list.
    #[error("is signed with an unknown key")]
    UnknownKey,
    /// Not signed by whom it says.
    #[error("has a wrong signature")]
    Signature,
    /// A claim that is missing or not of its type.
    #[error("has no valid claim `{0}`")]
    Claim(&'static str),
    /// From somebody else.
    #[error("is of another issuer")]
    Issuer,
    /// For somebody else.
    #[error("is meant for another audience")]
    Audience,
    /// Its time is over.
    #[error("has expired")]
    Expired,
    /// Its time has not come.
    #[error("is not valid yet")]
    NotYet,
}

impl Authentication {
    /// Whether nobody is asked.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.keys.is_none() && self.tokens.is_none()
    }

    /// What was shown, without a look at the store.
    ///
    /// # Errors
    ///
    /// Why it cannot be a credential of use.
    pub fn recognise(
        &self,
        shown: Option<&str>,
        now: Timestamp,
    ) -> Result<Credential, CredentialError> {
        if self.is_off() {
            return Ok(Credential::NotAsked);
        }
        let Some(text) = shown else {
            return Ok(Credential::Nothing);
        };
        if text.starts_with(Secret::PREFIX) {
            if self.keys.is_none() {
                return Err(CredentialError::KeysNotTaken);
            }
            let secret = Secret::parse(text).ok_or(CredentialError::DamagedKey)?;
            return Ok(Credential::Key(secret.digest()));
        }
        let verifier = self
            .tokens
            .as_ref()
            .ok_or(CredentialError::TokensNotTaken)?;
        let token = verifier.verify(text, now).map_err(CredentialError::Token)?;
        Ok(Credential::Token(token))
    }

    /// Who that is, by what the store knows now. One statement at most.
    ///
    /// # Errors
    ///
    /// [`AppError::Unauthenticated`], and whatever the store fails with.
    pub fn principal(
        &self,
        session: &mut dyn Session,
        credential: &Credential,
        hold: RowLock,
        now: Timestamp,
    ) -> Result<Principal, AppError> {
        let principal = match credential {
            Credential::NotAsked => return Ok(Principal::unrestricted()),
            Credential::Nothing => Principal::default(),
            Credential::Key(digest) => self.holder(session, digest, hold, now)?,
            Credential::Token(token) => bearer(session, token, hold)?,
        };
        Ok(if self.public_reads {
            principal.reading_freely()
        } else {
            principal
        })
    }

    fn holder(
        &self,
        session: &mut dyn Session,
        digest: &Digest,
        hold: RowLock,
        now: Timestamp,
    ) -> Result<Principal, AppError> {
        let found = session.keys().find(digest, hold)?;
        let key = found
            .filter(|found| found.secret.is(digest))
            .ok_or(CredentialError::UnknownKey)?
            .key;
        let principal = key.principal(now).map_err(CredentialError::KeyEnded)?;
        if let Some(usage) = &self.keys {
            usage.note(key.id, now);
        }
        Ok(principal)
    }
}

fn bearer(session: &mut dyn Session, token: &Token, hold: RowLock) -> Result<Principal, AppError> {
    let caller = match session.identities().find(&token.identity, hold)? {
        None => Caller::UnlinkedIdentity(token.identity),
        Some(Linked::To(user)) => Caller::User(user),
        Some(Linked::ToDeleted) => return Err(CredentialError::UserDeleted.into()),
    };
    Ok(Principal {
        caller,
        scopes: token.scopes,
    })
}

impl Credential {
    /// Whether it says who is calling without a look at the store.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::NotAsked | Self::Nothing)
    }

    /// What tells its holder from others, whatever becomes of the holder.
    pub(crate) fn holder(&self) -> [&[u8]; 2] {
        match self {
            Self::NotAsked | Self::Nothing => [b"anybody", b""],
            Self::Key(digest) => [b"key", digest.as_bytes()],
            Self::Token(token) => [b"token", token.identity.as_bytes()],
        }
    }
}

#[cfg(test)]
mod tests;
