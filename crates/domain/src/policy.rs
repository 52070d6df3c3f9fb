//! The authorization policy: one pure function, [`check`], which denies by default.
//!
//! - Reading users or posts takes the scope for it and nothing else.
//! - A caller may change its own user and write posts of that user; each takes its scope.
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
    /// Read or list users.
    ReadUsers,
    /// Create a user.
    CreateUser,
    /// Replace, change or delete this user.
    ChangeUser(UserId),
    /// Read or list posts.
    ReadPosts,
    /// Create, replace, change or delete a post of this user.
    WritePost(UserId),
    /// The same for a post whose author is not known yet: checked before the post is read.
    WriteSomePost,
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
        Action::ReadUsers => (Scope::UsersRead, None),
        Action::ReadPosts => (Scope::PostsRead, None),
        Action::CreateUser => match principal.caller {
            Caller::UnlinkedIdentity(_) => (Scope::UsersWrite, None),
            _ => (Scope::Admin, None),
        },
        Action::ChangeUser(id) => (Scope::UsersWrite, Some(id)),
        Action::WritePost(id) => (Scope::PostsWrite, Some(id)),
        Action::WriteSomePost => (Scope::PostsWrite, None),
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
