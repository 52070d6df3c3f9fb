//! The links from the identities that issuers of tokens know to users.

use byline_domain::policy::Identity;
use byline_domain::{Relation, Timestamp, UserId};

use crate::{AppError, Conflict, RepositoryError, RowLock, Session, UniqueKey};

/// From an identity to the user it is linked to.
pub const USER: Relation = Relation {
    child: "identity",
    children: "identities",
    field: "user_id",
    parent: "user",
};

/// The links from identities to users. Errors as in
/// [`Repository`](crate::Repository).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait IdentityRepository: Send {
    /// Returns what this identity is linked to, if it was ever linked.
    fn find(
        &mut self,
        identity: &Identity,
        lock: RowLock,
    ) -> Result<Option<Linked>, RepositoryError>;

    /// Links an identity to a user. Neither may be linked already.
    ///
    /// Fails with [`UniqueKey::Identity`] if one of them is, and with
    /// [`RepositoryError::MissingReference`] by [`USER`] if there is no such user.
    fn insert(
        &mut self,
        identity: &Identity,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), RepositoryError>;

    /// Removes the link of this identity. Returns whether there was one.
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

/// Links an identity to an existing user. For operators: no policy is asked.
///
/// # Errors
///
/// [`AppError::NotFound`], [`Conflict::IdentityLinked`], and those of the store.
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

/// Removes the link of an identity, also if its user was deleted. Returns whether there was
/// one. For operators: no policy is asked.
///
/// # Errors
///
/// Those of the store.
pub fn unlink(session: &mut dyn Session, identity: &Identity) -> Result<bool, AppError> {
    Ok(session.identities().delete(identity)?)
}

#[cfg(test)]
mod tests;
