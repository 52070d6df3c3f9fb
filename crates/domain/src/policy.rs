//! Who may do what: one pure function, [`check`], deny by default.
//!
//! A caller may change the user it is and the posts of that user; with
//! [`Scope::Admin`] it may change all. Each action needs its scope.

use std::fmt;

use crate::UserId;

/// What a credential allows, in the words of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `users:read`
    UsersRead,
    /// `users:write`
    UsersWrite,
    /// `posts:read`
    PostsRead,
    /// `posts:write`
    PostsWrite,
    /// `admin`: everything, for every user.
    Admin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 5] = [
        Self::UsersRead,
        Self::UsersWrite,
        Self::PostsRead,
        Self::PostsWrite,
        Self::Admin,
    ];

    /// The scope's name in credentials.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UsersRead => "users:read",
            Self::UsersWrite => "users:write",
            Self::PostsRead => "posts:read",
            Self::PostsWrite => "posts:write",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::UsersRead => 1,
            Self::UsersWrite => 1 << 1,
            Self::PostsRead => 1 << 2,
            Self::PostsWrite => 1 << 3,
            Self::Admin => 1 << 4,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether `scope` is among them. `admin` contains every other.
    #[must_use]
    pub const fn contain(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// Who is calling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The user that the caller is, if it is one.
    pub user: Option<UserId>,
    /// What its credential allows.
    pub scopes: Scopes,
}

impl Principal {
    /// A caller who may do everything: an operator at the machine, or anybody
    /// at a service that runs without authentication.
    #[must_use]
    pub fn unrestricted() -> Self {
        Self {
            user: None,
            scopes: Scopes::from_iter([Scope::Admin]),
        }
    }
}

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
}

/// Why somebody may not do what they want to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
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
        // Only whoever may do everything creates users at will.
        Action::CreateUser => (Scope::Admin, None),
        Action::ChangeUser(id) => (Scope::UsersWrite, Some(id)),
        Action::WritePost(id) => (Scope::PostsWrite, Some(id)),
    };
    if !principal.scopes.contain(scope) {
        return Err(Denial::MissingScope(scope));
    }
    match owner {
        Some(_) if principal.scopes.contain(Scope::Admin) => Ok(()),
        Some(owner) if principal.user == Some(owner) => Ok(()),
        Some(_) => Err(Denial::NotYours),
        None => Ok(()),
    }
}
