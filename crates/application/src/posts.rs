//! The use cases of posts.

use std::collections::BTreeMap;

use byline_domain::policy::{self, Action, Principal};
use byline_domain::{NewPost, Post, PostChange, PostId, Timestamp, User, UserId};

use crate::{
    AppError, Conflict, EntityRef, Page, PostQuery, Precondition, Reference, RepositoryError,
    Session, users,
};

/// One page of posts, of all users or of one.
///
/// # Errors
///
/// [`AppError::Forbidden`], and whatever the store fails with.
pub fn list(
    session: &mut dyn Session,
    principal: &Principal,
    query: &PostQuery,
) -> Result<Page<Post>, AppError> {
    policy::check(principal, Action::ReadPosts)?;
    Ok(session.posts().list(query)?)
}

/// One page of the posts of `author`, who must exist.
///
/// # Errors
///
/// [`AppError::NotFound`] for the author, and those of [`list`].
pub fn list_of(
    session: &mut dyn Session,
    principal: &Principal,
    author: UserId,
    query: &PostQuery,
) -> Result<Page<Post>, AppError> {
    let query = PostQuery {
        author: Some(author),
        ..query.clone()
    };
    let page = list(session, principal, &query)?;
    // A post proves its author; only the lack of any leaves the question open.
    if page.items.is_empty() {
        users::find(session, author)?;
    }
    Ok(page)
}

/// How many posts there are on all pages of `query` together.
///
/// # Errors
///
/// As [`list`].
pub fn count(
    session: &mut dyn Session,
    principal: &Principal,
    query: &PostQuery,
) -> Result<u64, AppError> {
    policy::check(principal, Action::ReadPosts)?;
    Ok(session.posts().count(query)?)
}

/// The authors of `posts`, which were read in the same session, by their ids.
/// One statement, however many they are.
///
/// # Errors
///
/// [`AppError::Forbidden`] without the right to read users, and whatever the
/// store fails with.
pub fn authors(
    session: &mut dyn Session,
    principal: &Principal,
    posts: &[Post],
) -> Result<BTreeMap<UserId, User>, AppError> {
    policy::check(principal, Action::ReadUsers)?;
    let ids = posts.iter().map(|post| post.user_id).collect();
    let authors = session.users().find_all(&ids)?;
    match ids.iter().find(|id| !authors.contains_key(id)) {
        None => Ok(authors),
        // In one snapshot every post has its author.
        Some(id) => Err(AppError::internal(format!("posts of no user {id}"))),
    }
}

/// The post with this id.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`AppError::NotFound`], and whatever the store
/// fails with.
pub fn read(
    session: &mut dyn Session,
    principal: &Principal,
    id: PostId,
) -> Result<Post, AppError> {
    policy::check(principal, Action::ReadPosts)?;
    find(session, id)
}

/// Creates a post.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`Conflict::AuthorMissing`], and whatever the store
/// fails with.
pub fn create(
    session: &mut dyn Session,
    principal: &Principal,
    new: &NewPost,
    now: Timestamp,
) -> Result<Post, AppError> {
    policy::check(principal, Action::WritePost(new.user_id))?;
    session
        .posts()
        .insert(new, now)
        .map_err(|error| author_missing(error, new.user_id))
}

/// Creates a post among those of its author, who is therefore what the request
/// is about.
///
/// # Errors
///
/// As [`create`], but [`AppError::NotFound`] for a missing author.
pub fn create_of(
    session: &mut dyn Session,
    principal: &Principal,
    new: &NewPost,
    now: Timestamp,
) -> Result<Post, AppError> {
    create(session, principal, new, now).map_err(|error| match error {
        AppError::Conflict(Conflict::AuthorMissing(author)) => {
            AppError::NotFound(EntityRef::User(author))
        }
        other => other,
    })
}

/// Gives every field of a post a new value.
///
/// # Errors
///
/// As [`patch`].
pub fn replace(
    session: &mut dyn Session,
    principal: &Principal,
    id: PostId,
    new: &NewPost,
    precondition: &Precondition,
    now: Timestamp,
) -> Result<Post, AppError> {
    let change = PostChange::from(new.clone());
    patch(session, principal, id, &change, precondition, now)
}

/// Changes some fields of a post. To give it to another author takes the right
/// to write posts of both.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`AppError::NotFound`],
/// [`AppError::PreconditionFailed`], [`Conflict::AuthorMissing`], and whatever
/// the store fails with.
pub fn patch(
    session: &mut dyn Session,
    principal: &Principal,
    id: PostId,
    change: &PostChange,
    precondition: &Precondition,
    now: Timestamp,
) -> Result<Post, AppError> {
    let post = find_to_write(session, principal, id)?;
    precondition.check(EntityRef::Post(id), post.version)?;
    let from = post.version;
    let changed = post
        .changed(change.clone(), now)
        .map_err(|_| Conflict::LastVersion(EntityRef::Post(id)))?;
    policy::check(principal, Action::WritePost(changed.user_id))?;
    let updated = session
        .posts()
        .update(&changed, from)
        .map_err(|error| author_missing(error, changed.user_id))?;
    if updated {
        Ok(changed)
    } else {
        Err(AppError::Contention(None))
    }
}

/// Deletes a post.
///
/// # Errors
///
/// [`AppError::Forbidden`], [`AppError::NotFound`],
/// [`AppError::PreconditionFailed`], and whatever the store fails with.
pub fn delete(
    session: &mut dyn Session,
    principal: &Principal,
    id: PostId,
    precondition: &Precondition,
) -> Result<(), AppError> {
    let post = find_to_write(session, principal, id)?;
    precondition.check(EntityRef::Post(id), post.version)?;
    if session.posts().delete(id, post.version)? {
        Ok(())
    } else {
        Err(AppError::Contention(None))
    }
}

fn find(session: &mut dyn Session, id: PostId) -> Result<Post, AppError> {
    session
        .posts()
        .find(id)?
        .ok_or(AppError::NotFound(EntityRef::Post(id)))
}

/// A post that the caller may write. Who may not read posts does not learn which
/// there are: those of others are as absent as those that never were.
fn find_to_write(
    session: &mut dyn Session,
    principal: &Principal,
    id: PostId,
) -> Result<Post, AppError> {
    policy::check(principal, Action::WriteSomePost)?;
    let post = find(session, id)?;
    let Err(denial) = policy::check(principal, Action::WritePost(post.user_id)) else {
        return Ok(post);
    };
    Err(match policy::check(principal, Action::ReadPosts) {
        Ok(()) => denial.into(),
        Err(_) => AppError::NotFound(EntityRef::Post(id)),
    })
}

fn author_missing(error: RepositoryError, author: UserId) -> AppError {
    match error {
        RepositoryError::MissingReference(Reference::PostAuthor) => {
            Conflict::AuthorMissing(author).into()
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests;
