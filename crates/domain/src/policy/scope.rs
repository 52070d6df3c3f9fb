use std::fmt;

/// A scope: a permission of a credential, with its name in the API.
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
    /// `admin`: every action on every user.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 5] = [
        Self::UsersRead,
        Self::UsersWrite,
        Self::PostsRead,
        Self::PostsWrite,
        Self::Admin,
    ];

    /// Returns the name of the scope in credentials.
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

    /// Returns the scope with this name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
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

/// A set of scopes. `Display` writes their names, separated by spaces, as in the `scope` of
/// OAuth 2 (RFC 6749 section 3.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Returns whether the set contains `scope`. `admin` contains every other scope.
    #[must_use]
    pub const fn contain(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    /// Returns the scopes of which the set was made, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .into_iter()
            .filter(move |scope| self.0 & scope.bit() != 0)
    }

    /// Returns the union of both sets.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.name())?;
        }
        Ok(())
    }
}
