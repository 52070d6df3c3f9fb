//! Which user an issuer of tokens means by a subject.

use byline_domain::policy::Identity;
use byline_domain::{Relation, Timestamp, UserId};

use crate::{AppError, Conflict, RepositoryError, RowLock, Session, UniqueKey};

/// From an identity to the user it is linked to.
pub const USER: Relation = Relation {
    child: "identity",
    field: "user_id",
    parent: "user",
};

/// The links from identities to users. Errors as in
/// [`Repository`](crate::Repository).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait IdentityRepository: Send {
    /// What this identity is linked to, if it ever was to anything.
    fn find(
        &mut self,
        identity: &Identity,
        hold: RowLock,
    ) -> Result<Option<Linked>, RepositoryError>;

    /// Links an identity that is not linked to a user who has no other.
    ///
    /// Fails with [`UniqueKey::Identity`] when it is linked, or when the user
    /// has another, and with [`RepositoryError::MissingReference`] by
    /// [`USER`] when there is no such user.
    fn insert(
        &mut self,
        identity: &Identity,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), RepositoryError>;

    /// Forgets whom this identity was linked to; tells whether it was.
    fn delete(&mut self, identity: &Identity) -> Result<bool, RepositoryError>;
}

/// What an identity is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked {
    /// This user.
    To(UserId),
    /// A user who was deleted.
    ToDeleted,
}

/// Links an identity to a user who is there already. For operators.
///
/// # Errors
///
/// [`AppError::NotFound`], [`Conflict::IdentityLinked`], and whatever the store
/// fails with.
pub fn link(
    session: &mut dyn Session,
    identity: &Identity,
    user: UserId,
    now: Timestamp,
) -> Result<(), AppError> {
    session
        .identities()
        .insert(identity, user, now)
        .map_err(|error| match error {
            RepositoryError::Duplicate(UniqueKey::Identity) => Conflict::IdentityLinked.into(),
            RepositoryError::MissingReference(USER) => AppError::NotFound(user.into()),
            other => other.into(),
        })
}

/// Forgets what an identity is linked to, also when that user was deleted;
/// tells whether it was linked. For operators.
///
/// # Errors
///
/// Whatever the store fails with.
pub fn unlink(session: &mut dyn Session, identity: &Identity) -> Result<bool, AppError> {
    Ok(session.identities().delete(identity)?)
}

#[cfg(test)]
mod tests;
