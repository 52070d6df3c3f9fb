use crate::{EmailAddress, LastVersion, Timestamp, UserId, UserName, Version};

/// Somebody who writes posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Given by the store, never reused.
    pub id: UserId,
    /// What the user is called.
    pub name: UserName,
    /// Unique among all users, without regard to ASCII case.
    pub email: EmailAddress,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was last changed; equals `created_at` until then.
    pub updated_at: Timestamp,
    /// Counts the changes; the first is [`Version::FIRST`].
    pub version: Version,
}

/// A user that the store has not seen yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// What the user is called.
    pub name: UserName,
    /// Unique among all users, without regard to ASCII case.
    pub email: EmailAddress,
}

/// What shall change in a user; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserChange {
    /// The new name.
    pub name: Option<UserName>,
    /// The new e-mail address.
    pub email: Option<EmailAddress>,
}

impl NewUser {
    /// The user that comes into being when this one is stored under `id`.
    #[must_use]
    pub fn created(self, id: UserId, now: Timestamp) -> User {
        User {
            id,
            name: self.name,
            email: self.email,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }
}

impl From<NewUser> for UserChange {
    /// A change of every field: a replacement.
    fn from(new: NewUser) -> Self {
        Self {
            name: Some(new.name),
            email: Some(new.email),
        }
    }
}

impl User {
    /// This user after `change`, one version on. A change that changes nothing
    /// counts too, so that a replacement always gives a new version.
    ///
    /// # Errors
    ///
    /// It is in the last version that there can be.
    pub fn changed(self, change: UserChange, now: Timestamp) -> Result<Self, LastVersion> {
        Ok(Self {
            name: change.name.unwrap_or(self.name),
            email: change.email.unwrap_or(self.email),
            updated_at: now.max(self.updated_at),
            version: self.version.next()?,
            ..self
        })
    }
}
