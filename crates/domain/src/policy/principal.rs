use std::fmt;

use super::{Scope, Scopes};
use crate::UserId;

/// Who is calling, and what the credential that was shown allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// Who it is.
    pub caller: Caller,
    /// What its credential allows.
    pub scopes: Scopes,
}

/// Who is calling, as far as it matters to what it may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Caller {
    /// Somebody who showed no credential.
    #[default]
    Anonymous,
    /// Whoever operates the service; everybody, where nobody is asked.
    Operator,
    /// A program with a key of its own, which acts for no user.
    Machine,
    /// Somebody whom the issuer of tokens knows and the service does not yet.
    UnlinkedIdentity(Identity),
    /// This user, by a key or by a token.
    User(UserId),
}

/// Whom an issuer of tokens means by a subject: a fingerprint of both names.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity([u8; Self::LENGTH]);

impl Principal {
    /// A caller who may do everything: an operator at the machine, or anybody
    /// at a service that runs without authentication.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self {
            caller: Caller::Operator,
            scopes: Scopes::from_iter([Scope::Admin]),
        }
    }

    /// The user that the caller is, if it is one.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self.caller {
            Caller::User(id) => Some(id),
            _ => None,
        }
    }

    /// The same caller where everybody may read.
    #[must_use]
    pub fn reading_freely(self) -> Self {
        let reads = Scopes::from_iter([Scope::UsersRead, Scope::PostsRead]);
        Self {
            scopes: self.scopes.and(reads),
            ..self
        }
    }
}

impl Identity {
    /// How many bytes a fingerprint has.
    pub const LENGTH: usize = 32;

    /// The fingerprint as the stores keep it.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl From<[u8; Self::LENGTH]> for Identity {
    fn from(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Identity {
    /// Tells identities apart, and nobody whose they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "Identity({first:02x}{second:02x}…)")
    }
}
