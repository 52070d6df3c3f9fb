//! The use cases of users.

use byline_domain::policy::{self, Action, Caller, Identity, Principal, Scope};
use byline_domain::{NewUser, Timestamp, User, UserChange, UserId};

use crate::{
    AppError, Conflict, EntityRef, Page, Precondition, RepositoryError, Session, UniqueKey,
    UserQuery,
};

/// One page of users.
///
/// # Errors
///
/// [`AppError::Forbidden`], and whatever the store fails with.
pub fn list(
    session: &mut dyn Session,
    principal: &Principal,
    query: &UserQuery,
) -> Result<Page<User>, AppError> {
    policy::check(principal, Action::ReadUsers)?;
    Ok(session.users().list(query)?)
}

/// How many users there are on all pages of `query` together.
///
/// # Errors
///
/// As [`list`].
pub fn count(
    session: &mut dyn Session,
    principal: &Principal,
    query: &UserQuery,
) -> Result<u64, AppError> {
    policy::check(principal, Action::ReadUsers)?;
    Ok(session.users().count(query)?)
}

/// The user with this id.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`AppError::NotFound`], and whatever the store
/// fails with.
pub fn read(
    session: &mut dyn Session,
    principal: &Principal,
    id: UserId,
) -> Result<User, AppError> {
    policy::check(principal, Action::ReadUsers)?;
    find(session, id)
}

/// Creates a user. For a caller whom only the issuer of its token knows, it is
/// the user that it is from then on; whoever may create users at will is not
/// bound to any of them.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`Conflict::EmailTaken`], and whatever the store
/// fails with.
pub fn create(
    session: &mut dyn Session,
    principal: &Principal,
    new: &NewUser,
    now: Timestamp,
) -> Result<User, AppError> {
    policy::check(principal, Action::CreateUser)?;
    let user = session.users().insert(new, now).map_err(email_taken)?;
    if let Some(identity) = identity_to_link(principal) {
        let linked = session.identities().insert(&identity, user.id, now);
        linked.map_err(|error| match error {
            // Somebody else did the same at the same time, and is known by now.
            RepositoryError::Duplicate(UniqueKey::Identity) => AppError::Contention(None),
            other => other.into(),
        })?;
    }
    Ok(user)
}

/// The identity that a user whom `principal` creates belongs to.
pub(crate) fn identity_to_link(principal: &Principal) -> Option<Identity> {
    match principal.caller {
        Caller::UnlinkedIdentity(identity) if !principal.scopes.contain(Scope::Admin) => {
            Some(identity)
        }
        _ => None,
    }
}

/// Gives every field of a user a new value.
///
/// # Errors
///
/// As [`patch`].
pub fn replace(
    session: &mut dyn Session,
    principal: &Principal,
    id: UserId,
    new: &NewUser,
    precondition: &Precondition,
    now: Timestamp,
) -> Result<User, AppError> {
    let change = UserChange::from(new.clone());
    patch(session, principal, id, &change, precondition, now)
}

/// Changes some fields of a user.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`AppError::NotFound`],
/// [`AppError::PreconditionFailed`], [`Conflict::EmailTaken`], and whatever the
/// store fails with.
pub fn patch(
    session: &mut dyn Session,
    principal: &Principal,
    id: UserId,
    change: &UserChange,
    precondition: &Precondition,
    now: Timestamp,
) -> Result<User, AppError> {
    policy::check(principal, Action::ChangeUser(id))?;
    let user = find(session, id)?;
    precondition.check(EntityRef::User(id), user.version)?;
    let from = user.version;
    let changed = user
        .changed(change.clone(), now)
        .map_err(|_| Conflict::LastVersion(EntityRef::User(id)))?;
    if session
        .users()
        .update(&changed, from)
        .map_err(email_taken)?
    {
        Ok(changed)
    } else {
        Err(AppError::Contention(None))
    }
}

/// What becomes of the posts of a user who is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Posts {
    /// The user stays as long as there are any.
    #[default]
    Keep,
    /// They are deleted too.
    Delete,
}

/// Deletes a user.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`AppError::NotFound`],
/// [`AppError::PreconditionFailed`], [`Conflict::UserHasPosts`], and whatever
/// the store fails with.
pub fn delete(
    session: &mut dyn Session,
    principal: &Principal,
    id: UserId,
    posts: Posts,
    precondition: &Precondition,
) -> Result<(), AppError> {
    policy::check(principal, Action::ChangeUser(id))?;
    if posts == Posts::Delete {
        policy::check(principal, Action::WritePost(id))?;
    }
    // Or posts that are stored meanwhile would keep the user, again and again.
    let user = session
        .users()
        .find_for_update(id)?
        .ok_or(AppError::NotFound(EntityRef::User(id)))?;
    precondition.check(EntityRef::User(id), user.version)?;
    if posts == Posts::Delete {
        session.posts().delete_of(id)?;
    }
    let deleted = session
        .users()
        .delete(id, user.version)
        .map_err(|error| match error {
            RepositoryError::StillReferenced(_) => match posts {
                Posts::Keep => Conflict::UserHasPosts(id).into(),
                // Of another node of a cluster, whose locks do not reach here.
                Posts::Delete => AppError::Contention(None),
            },
            other => AppError::from(other),
        })?;
    if deleted {
        Ok(())
    } else {
        Err(AppError::Contention(None))
    }
}

pub(crate) fn find(session: &mut dyn Session, id: UserId) -> Result<User, AppError> {
    session
        .users()
        .find(id)?
        .ok_or(AppError::NotFound(EntityRef::User(id)))
}

fn email_taken(error: RepositoryError) -> AppError {
    match error {
        RepositoryError::Duplicate(UniqueKey::UserEmail) => Conflict::EmailTaken.into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
