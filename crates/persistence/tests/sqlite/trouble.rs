//! Statements that SQLite cannot execute.

use byline_application::{AppError, Readiness, RepositoryError, Store, Unavailable};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use crate::support::{Fixture, SqliteFixture, add_user, at, new_user, read, write};

fn raw(fixture: &SqliteFixture) -> SqliteConnection {
    SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap()
}

fn insert(store: &dyn Store, email: &str) -> Result<(), AppError> {
    let new = new_user("Ada", email);
    write(store, move |s| {
        s.users().insert(&new, at(1))?;
        Ok(())
    })
}

#[test]
fn an_invalid_row_is_reported_as_corrupt() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    let ada = add_user(&*store, "Ada", "ada@example.org");
    raw(&fixture)
        .batch_execute("UPDATE users SET email = 'no address', email_key = 'no address'")
        .unwrap();
    let result = read(&*store, move |s| Ok(s.users().find(ada.id)?));
    let Err(AppError::Internal(cause)) = result else {
        panic!("{result:?}")
    };
    let cause: &RepositoryError = cause.downcast_ref().unwrap();
    assert!(
        matches!(
            cause,
            RepositoryError::Corrupt {
                entity: "user",
                id: 1,
                ..
            }
        ),
        "{cause:?}"
    );
}

#[test]
fn a_lock_of_another_process_makes_the_store_unavailable_until_it_is_released() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    let mut other = raw(&fixture);
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let result = insert(&*store, "ada@example.org");
    assert!(
        matches!(result, Err(AppError::Unavailable(Unavailable::Database(_)))),
        "{result:?}"
    );
    assert!(matches!(
        store.health().readiness,
        Readiness::Unreachable(_)
    ));
    other.batch_execute("ROLLBACK").unwrap();
    insert(&*store, "ada@example.org").unwrap();
    assert!(matches!(store.health().readiness, Readiness::Ready));
}
