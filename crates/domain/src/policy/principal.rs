use std::fmt;

use super::{Scope, Scopes};
use crate::UserId;

/// The caller of a request, and what its credential allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The caller.
    pub caller: Caller,
    /// What its credential allows.
    pub scopes: Scopes,
}

/// The caller of a request, as far as the policy distinguishes callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Caller {
    /// A caller without credential.
    #[default]
    Anonymous,
    /// The operator of the service; every caller, if authentication is off.
    Operator,
    /// A program with an API key that belongs to no user.
    Machine,
    /// A caller with a valid token whose identity is not linked to a user.
    UnlinkedIdentity(Identity),
    /// This user, by a key or by a token.
    User(UserId),
}

/// The identity of the subject of a token: a fingerprint of the issuer and the subject.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity([u8; Self::LENGTH]);

impl Principal {
    /// Returns the principal that may do everything: an operator at the machine, or any caller if
    /// authentication is off.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self {
            caller: Caller::Operator,
            scopes: Scopes::from_iter([Scope::Admin]),
        }
    }

    /// Returns the user that the caller is, if it is one.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self.caller {
            Caller::User(id) => Some(id),
            _ => None,
        }
    }

    /// Returns this principal with the scopes for reading added.
    #[must_use]
    pub fn reading_freely(self) -> Self {
        let reads = Scope::ALL.into_iter().filter(|scope| scope.only_reads());
        Self {
            scopes: self.scopes.and(reads.collect()),
            ..self
        }
    }
}

impl Identity {
    /// The number of bytes of a fingerprint.
    pub const LENGTH: usize = 32;

    /// Returns the fingerprint as the stores keep it.
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
    /// Shows the first bytes only, which distinguish identities and do not reveal them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "Identity({first:02x}{second:02x}…)")
    }
}
