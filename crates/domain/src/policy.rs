//! Who may do what: one pure function, [`check`], deny by default.
//!
//! - Reading users or posts needs the scope for it, and no more.
//! - A caller may change the user it is and write posts of that user; each
//!   needs its scope.
//! - Whoever the issuer of tokens knows and the service does not may create the
//!   one user that it is from then on. Nobody else creates users.
//! - [`Scope::Admin`] may do everything to everybody.

mod principal;
mod scope;

pub use principal::{Caller, Identity, Principal};
pub use scope::{Scope, Scopes};

use crate::UserId;

/// What somebody wants to do. The id is the user whom it touches: the user
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
    /// The same for a post of which it is not known yet whose it is: asked
    /// before it is looked up.
    WriteSomePost,
}

/// Why somebody may not do what they want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// Nobody knows who it is.
    #[error("this needs a credential")]
    NoCredential,
    /// The credential lacks a scope.
    #[error("this needs the scope {0}")]
    MissingScope(Scope),
    /// The object belongs to another user.
    #[error("this belongs to another user")]
    NotYours,
}

/// Whether `principal` may do `action`.
///
/// # Errors
///
/// The first rule that forbids it.
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
