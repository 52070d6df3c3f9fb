//! Authentication: from the credential of a request to the [`Principal`] that the policy
//! checks.
//!
//! It has two steps. [`Authentication::recognise`] checks what can be checked without the
//! store, before a session is opened: a malformed credential costs no statement.
//! [`Authentication::principal`] reads the rest in the session of the request: whether a key
//! was revoked, and which user a token is linked to. A session that writes locks these rows
//! until it ends, so that no write is committed after the revocation of its key.

use std::sync::Arc;

use byline_domain::policy::{Caller, Identity, Principal, Scopes};
use byline_domain::{KeyEnded, Timestamp};

use crate::identities::Linked;
use crate::keys::{KeyUsage, Secret};
use crate::{AppError, Digest, Session};

/// The credentials that a service accepts. By default it needs none, and every caller is its
/// operator.
#[derive(Clone, Default)]
pub struct Authentication {
    /// Records the uses of keys; without it, keys are not accepted.
    pub keys: Option<Arc<KeyUsage>>,
    /// Verifies tokens; without it, tokens are not accepted.
    pub tokens: Option<Arc<dyn TokenVerifier>>,
    /// Whether reading needs no credential.
    pub public_reads: bool,
}

/// The credential of a request, as far as it can be checked without the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The service needs no credentials.
    NotAsked,
    /// The request has none.
    Nothing,
    /// A key, by the digest of its secret.
    Key(Digest),
    /// A token that was verified.
    Token(Token),
}

/// The contents of a token that was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The issuer and the subject.
    pub identity: Identity,
    /// What it allows.
    pub scopes: Scopes,
}

/// Verifies tokens.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait TokenVerifier: Send + Sync {
    /// Returns the contents of `token` if it is genuine and valid at `now`. Does not block.
    ///
    /// # Errors
    ///
    /// The first rule that the token breaks.
    fn verify(&self, token: &str, now: Timestamp) -> Result<Token, TokenRefusal>;

    /// Requests that the keys of the issuer are fetched again soon. Does not block.
    fn refresh(&self) {}
}

/// Whether other sessions may change a row that was read before the session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowLock {
    /// They may: the session only reads.
    Released,
    /// They wait for the end of the session.
    UntilTheEnd,
}

/// The reason why a credential is refused. `Display` completes "the credential …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// It has the form of no credential.
    #[error("is neither a key nor a token")]
    Unreadable,
    /// It is a key, and the service accepts none.
    #[error("is a key, and this service takes tokens only")]
    KeysNotTaken,
    /// It is a token, and the service accepts none.
    #[error("is no key, and this service takes keys only")]
    TokensNotTaken,
    /// The check characters of the key are wrong.
    #[error("is a key that was not copied in full")]
    DamagedKey,
    /// There is no such key.
    #[error("is a key that does not exist")]
    UnknownKey,
    /// The key was revoked or has expired.
    #[error("is a key that {0}")]
    KeyEnded(KeyEnded),
    /// The token is refused.
    #[error("is a token that {0}")]
    Token(TokenRefusal),
    /// The user to whom the token is linked was deleted.
    #[error("is the token of a user who was deleted")]
    UserDeleted,
}

/// The reason why a token is refused. `Display` completes "the token …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// Not a signed JWT in its compact form.
    #[error("is not a signed JWT")]
    Malformed,
    /// Longer than the maximum.
    #[error("is longer than 8 KiB")]
    TooLong,
    /// Signed by an algorithm that is not accepted.
    #[error("is signed by an algorithm that this service does not take")]
    Algorithm,
    /// A header parameter that is not accepted.
    #[error("has the header parameter `{0}`, which this service does not take")]
    Header(&'static str),
    /// Not an access token.
    #[error("is not of the type `at+jwt` or `JWT`")]
    Type,
    /// Signed with a key that the issuer does not publish.
    #[error("is signed with an unknown key")]
    UnknownKey,
    /// Not signed with the key that it names.
    #[error("has a wrong signature")]
    Signature,
    /// A claim is missing or of the wrong type.
    #[error("has no valid claim `{0}`")]
    Claim(&'static str),
    /// From another issuer.
    #[error("is of another issuer")]
    Issuer,
    /// For another audience.
    #[error("is meant for another audience")]
    Audience,
    /// It has expired.
    #[error("has expired")]
    Expired,
    /// It is not valid yet.
    #[error("is not valid yet")]
    NotYet,
}

impl Authentication {
    /// Returns whether the service needs no credentials.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        self.keys.is_none() && self.tokens.is_none()
    }

    /// Returns the credential with this text, without asking the store.
    ///
    /// # Errors
    ///
    /// The reason why it is refused, whatever the store has.
    pub fn recognise(
        &self,
        text: Option<&str>,
        now: Timestamp,
    ) -> Result<Credential, CredentialError> {
        if self.is_off() {
            return Ok(Credential::NotAsked);
        }
        let Some(text) = text else {
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

    /// Returns the principal whose credential this is. At most one statement.
    ///
    /// # Errors
    ///
    /// [`AppError::Unauthenticated`], and those of the store.
    pub fn principal(
        &self,
        session: &mut dyn Session,
        credential: &Credential,
        lock: RowLock,
        now: Timestamp,
    ) -> Result<Principal, AppError> {
        let principal = match credential {
            Credential::NotAsked => return Ok(Principal::unrestricted()),
            Credential::Nothing => Principal::default(),
            Credential::Key(digest) => self.key_principal(session, digest, lock, now)?,
            Credential::Token(token) => token_principal(session, token, lock)?,
        };
        Ok(if self.public_reads {
            principal.reading_freely()
        } else {
            principal
        })
    }

    fn key_principal(
        &self,
        session: &mut dyn Session,
        digest: &Digest,
        lock: RowLock,
        now: Timestamp,
    ) -> Result<Principal, AppError> {
        let found = session.keys().find(digest, lock)?;
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

fn token_principal(
    session: &mut dyn Session,
    token: &Token,
    lock: RowLock,
) -> Result<Principal, AppError> {
    let caller = match session.identities().find(&token.identity, lock)? {
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
    /// Returns whether the principal is known without asking the store.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::NotAsked | Self::Nothing)
    }

    /// Returns bytes that identify the holder, even after the holder was deleted.
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
