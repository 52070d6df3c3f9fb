//! A database for each test, and blocking access to its store.

mod fixtures;
pub(crate) mod servers;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use byline_application::{AppError, Limit, ListQuery, Session, Store};
use byline_domain::policy::Principal;
use byline_domain::{
    Content, EmailAddress, Post, PostFields, Timestamp, Title, User, UserFields, UserName,
};
use byline_persistence::Options;

pub(crate) use fixtures::{Fixture, MariadbFixture, MysqlFixture, ServerFixture, SqliteFixture};

pub(crate) fn options(pool_size: usize, queue_length: usize) -> Options {
    Options {
        pool_size: NonZeroUsize::new(pool_size).unwrap(),
        queue_length: NonZeroUsize::new(queue_length).unwrap(),
    }
}

/// Returns a deadline that no test reaches.
pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

/// Waits until the condition is true. `what` describes it.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "in a minute, not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

pub(crate) fn read<T: Send + 'static>(
    store: &dyn Store,
    work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    block_on(store.read(soon(), work))
}

pub(crate) fn write<T: Send + 'static>(
    store: &dyn Store,
    work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
) -> Result<T, AppError> {
    block_on(store.write(soon(), work))
}

/// Returns the query for the largest first page of all users.
pub(crate) fn all_users() -> ListQuery<UserFields> {
    ListQuery {
        limit: Limit::MAX,
        ..ListQuery::default()
    }
}

pub(crate) fn anyone() -> Principal {
    Principal::unrestricted()
}

pub(crate) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

pub(crate) fn new_user(name: &str, email: &str) -> UserFields {
    UserFields {
        name: UserName::parse(name).unwrap(),
        email: EmailAddress::parse(email).unwrap(),
    }
}

pub(crate) fn new_post(author: &User, title: &str, content: &str) -> PostFields {
    PostFields {
        user_id: author.id,
        title: Title::parse(title).unwrap(),
        content: Content::parse(content).unwrap(),
    }
}

/// Stores a user in a separate session.
pub(crate) fn add_user(store: &dyn Store, name: &str, email: &str) -> User {
    let new = new_user(name, email);
    write(store, move |s| Ok(s.users().insert(&new, at(1))?)).unwrap()
}

/// Stores a post in a separate session.
pub(crate) fn add_post(store: &dyn Store, author: &User, title: &str) -> Post {
    let new = new_post(author, title, "…");
    write(store, move |s| Ok(s.posts().insert(&new, at(1))?)).unwrap()
}
