use std::fmt;

/// Declares the scopes, each with its name in the API.
macro_rules! scopes {
    ($($(#[$doc:meta])* $scope:ident $name:literal,)+) => {
        /// A scope: a permission of a credential, with its name in the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Scope {
            $(#[doc = concat!("`", $name, "`")] $(#[$doc])* $scope,)+
        }

        impl Scope {
            /// All scopes.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$scope),+];

            /// Returns the name of the scope in credentials.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$scope => $name,)+
                }
            }
        }
    };
}

scopes! {
    UsersRead "users:read",
    UsersWrite "users:write",
    PostsRead "posts:read",
    PostsWrite "posts:write",
    /// Every action on every user.
    Admin "admin",
}

impl Scope {
    /// Returns the scope with this name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Returns whether the scope allows reading and nothing else.
    #[must_use]
    pub fn only_reads(self) -> bool {
        self.name().ends_with(":read")
    }

    #[expect(
        clippy::as_conversions,
        reason = "no other way gives the place of a variant"
    )]
    const fn bit(self) -> u32 {
        1 << self as u32
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
pub struct Scopes(u32);

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
