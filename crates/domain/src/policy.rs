//! The authorization policy: one pure function, [`check`], which denies by default.
//!
//! - Reading takes the scope for it and nothing else.
//! - A caller may change its own user and write the posts of that user; each takes its scope.
//! - A caller with an unlinked identity may create the one user to which it is then linked.
//!   Other callers may not create users.
//! - [`Scope::Admin`] allows every action on every user.

mod principal;
mod scope;

pub use principal::{Caller, Identity, Principal};
pub use scope::{Scope, Scopes};

use crate::UserId;

/// An action that the policy allows or denies. The id is the owner of the object: the user
/// itself, or the author of the post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read or list the rows that the scope is for.
    Read(Scope),
    /// Create a user.
    CreateUser,
    /// Replace, change or delete this user.
    ChangeUser(UserId),
    /// Create, replace, change or delete a row of this user; the scope is the one for such rows.
    Write(Scope, UserId),
    /// The same for a row whose owner is not known yet: checked before the row is read.
    WriteSome(Scope),
}

/// The reason why an action is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The caller has no credential.
    #[error("this needs a credential")]
    NoCredential,
    /// The credential lacks a scope.
    #[error("this needs the scope {0}")]
    MissingScope(Scope),
    /// The object belongs to another user.
    #[error("this belongs to another user")]
    NotYours,
}

/// Checks that `principal` may do `action`.
///
/// # Errors
///
/// The first rule that denies it.
pub fn check(principal: &Principal, action: Action) -> Result<(), Denial> {
    let (scope, owner) = match action {
        Action::Read(scope) | Action::WriteSome(scope) => (scope, None),
        Action::CreateUser => match principal.caller {
            Caller::UnlinkedIdentity(_) => (Scope::UsersWrite, None),
            _ => (Scope::Admin, None),
        },
        Action::ChangeUser(id) => (Scope::UsersWrite, Some(id)),
        Action::Write(scope, id) => (scope, Some(id)),
    };
    if !principal.scopes.contain(scope) {
        return Err(match principal.caller {
            Caller::Anonymous => Denial::NoCredential,
            _ => Denial::MissingScope(scope),
        });
    }
    match owner {
        Some(_) if principal.scopes.contain(Scope::Admin) => Ok(()),
        Some(owner) if principal.user() == Some(owner) => Ok(()),
        Some(_) => Err(Denial::NotYours),
        None => Ok(()),
    }
}
