//! What the tests of the use cases share: some people, a session over mocked
//! repositories, and what may go wrong below.

use std::io;
use std::sync::Arc;

use byline_domain::policy::{Caller, Principal, Scope};
use byline_domain::{EmailAddress, NewUser, Timestamp, User, UserId, UserName, Version};

use crate::{
    AppError, Cause, Conflict, MockPostRepository, MockSession, MockUserRepository, Reference,
    RepositoryError, Unavailable, UniqueKey,
};

/// A session over these repositories. A mock without expectations stands for
/// "this one is not asked": it panics when it is.
pub(crate) fn session_over(users: MockUserRepository, posts: MockPostRepository) -> MockSession {
    let mut session = MockSession::new();
    session.expect_users().return_var(Box::new(users));
    session.expect_posts().return_var(Box::new(posts));
    session
}

pub(crate) fn user_id(number: i64) -> UserId {
    UserId::try_from(number).unwrap()
}

pub(crate) fn version(number: i64) -> Version {
    Version::new(number).unwrap()
}

/// So many microseconds after the epoch.
pub(crate) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

/// A caller who is user `number` and has these scopes.
pub(crate) fn caller(number: i64, scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal {
        caller: Caller::User(user_id(number)),
        scopes: scopes.into_iter().collect(),
    }
}

/// All scopes but `missing` and the one that contains it.
pub(crate) fn all_but(missing: Scope) -> impl Iterator<Item = Scope> {
    Scope::ALL
        .into_iter()
        .filter(move |&scope| scope != missing && scope != Scope::Admin)
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        name: UserName::parse(name).unwrap(),
        email: EmailAddress::parse(format!("{name}@example.org")).unwrap(),
    }
}

/// User 1 as the store has it: created at 100, in version 1.
pub(crate) fn ada() -> User {
    new_user("Ada").created(user_id(1), at(100))
}

/// What lies beneath an error of a store.
pub(crate) fn cause() -> Cause {
    Arc::new(io::Error::other("database text"))
}

/// What a repository may fail with at any time.
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

/// Every repository error: those of any time, and those of certain methods.
pub(crate) fn repository_errors() -> impl Iterator<Item = RepositoryError> {
    failures().into_iter().chain([
        RepositoryError::NoIdLeft,
        RepositoryError::Duplicate(UniqueKey::UserEmail),
        RepositoryError::Duplicate(UniqueKey::IdempotencyKey),
        RepositoryError::Duplicate(UniqueKey::Identity),
        RepositoryError::MissingReference(Reference::PostAuthor),
        RepositoryError::StillReferenced(Reference::PostAuthor),
    ])
}

/// Whether `told` says what `failure` means where nothing else is expected.
pub(crate) fn is_generic(failure: &RepositoryError, told: &AppError) -> bool {
    match failure {
        RepositoryError::Contention(_) | RepositoryError::LockTimeout(_) => {
            matches!(told, AppError::Contention(Some(_)))
        }
        RepositoryError::Unavailable(_) => {
            matches!(told, AppError::Unavailable(Unavailable::Database(_)))
        }
        RepositoryError::OutcomeUnknown(_) => matches!(told, AppError::OutcomeUnknown(Some(_))),
        RepositoryError::NoIdLeft => matches!(told, AppError::Conflict(Conflict::NoIdLeft)),
        RepositoryError::Duplicate(_)
        | RepositoryError::MissingReference(_)
        | RepositoryError::StillReferenced(_)
        | RepositoryError::Corrupt { .. }
        | RepositoryError::Fault(_) => matches!(told, AppError::Internal(_)),
    }
}

/// Runs a use case whose repository fails, once with each failure that can
/// happen at any time, and asserts that it is passed on.
pub(crate) fn assert_failures_pass<T: std::fmt::Debug>(
    use_case: impl Fn(RepositoryError) -> Result<T, AppError>,
) {
    for failure in failures() {
        let told = use_case(failure.clone()).unwrap_err();
        assert!(is_generic(&failure, &told), "{failure:?} became {told:?}");
    }
}
