//! Fixtures of the tests of the use cases: callers, sample rows, sessions over mocked
//! repositories, and the failures of a store.

use std::fmt::Debug;
use std::io;
use std::sync::Arc;

use byline_domain::policy::{Caller, Denial, Identity, Principal, Scope};
use byline_domain::{
    Content, EmailAddress, Post, PostFields, PostId, Timestamp, Title, User, UserFields, UserId,
    UserName, Version,
};

use crate::{
    AppError, Cause, Conflict, EntityRef, MockRepository, MockSession, RepositoryError,
    Unavailable, UniqueKey,
};

mod replies;
mod samples;

pub(crate) use replies::{
    BoardFields, ReplyFields, deletions, fail_deletion, reply, store_replies,
};
pub(crate) use samples::{Sample, session_of, that_delete, that_find, that_lock, that_update};

/// Returns users without expectations: a call panics.
pub(crate) fn users() -> MockRepository<UserFields> {
    MockRepository::new()
}

/// Returns posts without expectations: a call panics.
pub(crate) fn posts() -> MockRepository<PostFields> {
    MockRepository::new()
}

/// Returns a session over these users and posts.
pub(crate) fn session_over(
    users: MockRepository<UserFields>,
    posts: MockRepository<PostFields>,
) -> MockSession {
    let mut session = session_of(users);
    PostFields::lend(&mut session, posts);
    session
}

pub(crate) fn user_id(number: i64) -> UserId {
    UserId::try_from(number).unwrap()
}

pub(crate) fn post_id(number: i64) -> PostId {
    PostId::try_from(number).unwrap()
}

pub(crate) fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}

/// Returns the time so many microseconds after the epoch.
pub(crate) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

/// Returns a caller who is user `number` and has these scopes.
pub(crate) fn caller(number: i64, scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal {
        caller: Caller::User(user_id(number)),
        scopes: scopes.into_iter().collect(),
    }
}

/// Returns a caller whose identity, [`identity`], is not linked to a user.
pub(crate) fn unlinked(scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal {
        caller: Caller::UnlinkedIdentity(identity()),
        scopes: scopes.into_iter().collect(),
    }
}

pub(crate) fn identity() -> Identity {
    Identity::from([7; Identity::LENGTH])
}

/// Returns all scopes but `missing` and the one that contains it.
pub(crate) fn all_but(missing: Scope) -> impl Iterator<Item = Scope> {
    Scope::ALL
        .into_iter()
        .filter(move |&scope| scope != missing && scope != Scope::Admin)
}

pub(crate) fn new_user(name: &str) -> UserFields {
    UserFields {
        name: UserName::parse(name).unwrap(),
        email: EmailAddress::parse(format!("{name}@example.org")).unwrap(),
    }
}

/// Returns user 1 as the store has it: created at 100, in version 1.
pub(crate) fn ada() -> User {
    new_user("Ada").created(user_id(1), at(100))
}

/// Returns the fields of a post of the user with this id.
pub(crate) fn new_post(author: i64) -> PostFields {
    PostFields {
        user_id: user_id(author),
        title: Title::parse("Notes").unwrap(),
        content: Content::parse("…").unwrap(),
    }
}

/// Returns post 7, of user 1, as the store has it: created at 100, in version 1.
pub(crate) fn notes() -> Post {
    new_post(1).created(post_id(7), at(100))
}

/// Asserts that the policy denied a use case for this reason.
#[track_caller]
pub(crate) fn assert_denied<T: Debug>(result: Result<T, AppError>, expected: Denial) {
    match result {
        Err(AppError::Forbidden(denial)) => assert_eq!(denial, expected),
        other => panic!("{other:?} instead of {expected:?}"),
    }
}

/// Asserts that a use case reported this row as missing.
#[track_caller]
pub(crate) fn assert_not_found<T: Debug>(
    result: Result<T, AppError>,
    expected: impl Into<EntityRef>,
) {
    let expected = expected.into();
    match result {
        Err(AppError::NotFound(row)) => assert_eq!(row, expected),
        other => panic!("{other:?} instead of {expected:?}"),
    }
}

/// Asserts that a use case reported this row as being in another version.
#[track_caller]
pub(crate) fn assert_precondition_failed<T: Debug>(
    result: Result<T, AppError>,
    expected: impl Into<EntityRef>,
) {
    let expected = expected.into();
    match result {
        Err(AppError::PreconditionFailed(row)) => assert_eq!(row, expected),
        other => panic!("{other:?} instead of {expected:?}"),
    }
}

/// Asserts that a use case failed with this conflict.
#[track_caller]
pub(crate) fn assert_conflict<T: Debug>(result: Result<T, AppError>, expected: Conflict) {
    match result {
        Err(AppError::Conflict(conflict)) => assert_eq!(conflict, expected),
        other => panic!("{other:?} instead of {expected:?}"),
    }
}

/// Asserts that a use case asked to be run again, although no statement failed for that.
#[track_caller]
pub(crate) fn assert_runs_again<T: Debug>(result: Result<T, AppError>) {
    match result {
        Err(AppError::Contention(None)) => {}
        other => panic!("{other:?}"),
    }
}

/// Returns the cause of an error of a store.
pub(crate) fn cause() -> Cause {
    Arc::new(io::Error::other("database text"))
}

/// Returns the errors that every method of a repository may fail with.
fn failures() -> [RepositoryError; 6] {
    [
        RepositoryError::Contention(cause()),
        RepositoryError::LockTimeout(cause()),
        RepositoryError::Unavailable(cause()),
        RepositoryError::OutcomeUnknown(cause()),
        RepositoryError::Corrupt {
            entity: "user",
            id: 1,
            cause: cause(),
        },
        RepositoryError::Fault(cause()),
    ]
}

/// Returns every repository error: those of all methods, and those of some.
pub(crate) fn repository_errors() -> impl Iterator<Item = RepositoryError> {
    failures().into_iter().chain([
        RepositoryError::NoIdLeft,
        RepositoryError::Duplicate(UniqueKey::UserEmail),
        RepositoryError::Duplicate(UniqueKey::IdempotencyKey),
        RepositoryError::Duplicate(UniqueKey::Identity),
        RepositoryError::MissingReference(PostFields::AUTHOR),
        RepositoryError::StillReferenced(PostFields::AUTHOR),
    ])
}

/// Returns whether `error` is what `failure` means where a use case expects no failure.
pub(crate) fn is_generic(failure: &RepositoryError, error: &AppError) -> bool {
    match failure {
        RepositoryError::Contention(_) | RepositoryError::LockTimeout(_) => {
            matches!(error, AppError::Contention(Some(_)))
        }
        RepositoryError::Unavailable(_) => {
            matches!(error, AppError::Unavailable(Unavailable::Database(_)))
        }
        RepositoryError::OutcomeUnknown(_) => matches!(error, AppError::OutcomeUnknown(Some(_))),
        RepositoryError::NoIdLeft => matches!(error, AppError::Conflict(Conflict::NoIdLeft)),
        RepositoryError::Duplicate(_)
        | RepositoryError::MissingReference(_)
        | RepositoryError::StillReferenced(_)
        | RepositoryError::Corrupt { .. }
        | RepositoryError::Fault(_) => matches!(error, AppError::Internal(_)),
    }
}

/// Runs a use case whose repository fails, once with each error that every method may fail
/// with, and asserts that the error is passed on.
#[track_caller]
pub(crate) fn assert_failures_pass<T: Debug>(
    use_case: impl Fn(RepositoryError) -> Result<T, AppError>,
) {
    for failure in failures() {
        let error = use_case(failure.clone()).unwrap_err();
        assert!(is_generic(&failure, &error), "{failure:?} became {error:?}");
    }
}
