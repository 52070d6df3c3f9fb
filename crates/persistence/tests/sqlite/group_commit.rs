//! Group commit: one fsync for many jobs.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};

use byline_application::{AppError, Conflict, Intent, Job, Session, Store, Unavailable, crud};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::support::{Fixture, SqliteFixture, anyone, at, new_user, options, soon};

type Work = Box<dyn FnMut(&mut dyn Session) -> Result<(), AppError> + Send>;
type Answered = Box<dyn FnOnce(Result<(), AppError>) + Send>;

/// A job made of two closures.
struct Scripted {
    work: Work,
    answered: Answered,
}

impl Job for Scripted {
    fn run(&mut self, session: &mut dyn Session) -> Result<(), AppError> {
        (self.work)(session)
    }

    fn finish(self: Box<Self>, result: Result<(), AppError>) {
        (self.answered)(result);
    }
}

fn submit(store: &dyn Store, work: Work, answered: Answered) {
    store.submit(Intent::Write, soon(), Box::new(Scripted { work, answered }));
}

/// Blocks the writer until the sender is used or dropped, so that the jobs submitted
/// meanwhile form one group.
fn block_writer(store: &dyn Store) -> Sender<()> {
    let (release, wait) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    submit(
        store,
        Box::new(move |_| {
            started.send(()).unwrap();
            let _released_or_gone = wait.recv();
            Ok(())
        }),
        Box::new(|_| ()),
    );
    running.recv().unwrap();
    release
}

fn create(name: &'static str, email: &'static str) -> Work {
    Box::new(move |s| crud::create(s, &anyone(), &new_user(name, email), at(1)).map(drop))
}

fn committed_users(connection: &mut SqliteConnection) -> i64 {
    sql::<BigInt>("SELECT count(*) FROM users")
        .get_result(connection)
        .unwrap()
}

fn other_connection(fixture: &SqliteFixture) -> SqliteConnection {
    SqliteConnection::establish(fixture.path().to_str().unwrap()).unwrap()
}

#[test]
fn a_failing_job_undoes_only_itself() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    let (sender, results) = mpsc::channel();
    let release = block_writer(&*store);
    for (n, email) in ["a@example.org", "A@example.org", "b@example.org"]
        .into_iter()
        .enumerate()
    {
        let sender = sender.clone();
        submit(
            &*store,
            create("x", email),
            Box::new(move |result| sender.send((n, result)).unwrap()),
        );
    }
    let sender_of_panic = sender.clone();
    submit(
        &*store,
        Box::new(|s| {
            crud::create(s, &anyone(), &new_user("x", "c@example.org"), at(1))?;
            panic!("a job that panics on purpose")
        }),
        Box::new(move |result| sender_of_panic.send((3, result)).unwrap()),
    );
    submit(
        &*store,
        create("x", "d@example.org"),
        Box::new(move |result| sender.send((4, result)).unwrap()),
    );
    release.send(()).unwrap();
    let mut results: Vec<_> = results.iter().collect();
    results.sort_by_key(|(n, _)| *n);
    assert!(
        matches!(
            results.as_slice(),
            [
                (0, Ok(())),
                (1, Err(AppError::Conflict(Conflict::EmailTaken))),
                (2, Ok(())),
                (3, Err(AppError::Internal(_))),
                (4, Ok(())),
            ]
        ),
        "{results:?}"
    );
    assert_eq!(committed_users(&mut other_connection(&fixture)), 3);
}

#[test]
fn no_job_is_answered_before_the_commit() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (sender, done) = mpsc::channel::<()>();
    let release = block_writer(&*store);
    // The second job fails because of the first. It, too, may be answered only after the
    // first is committed.
    for email in ["a@example.org", "A@example.org", "b@example.org"] {
        let (seen, sender) = (Arc::clone(&seen), sender.clone());
        let mut connection = other_connection(&fixture);
        submit(
            &*store,
            create("x", email),
            Box::new(move |_| {
                seen.lock().unwrap().push(committed_users(&mut connection));
                drop(sender);
            }),
        );
    }
    drop(sender);
    assert_eq!(committed_users(&mut other_connection(&fixture)), 0);
    release.send(()).unwrap();
    assert!(done.recv().is_err());
    assert_eq!(*seen.lock().unwrap(), [2, 2, 2]);
}

#[test]
fn a_failed_commit_fails_every_job_of_the_group() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    // A trigger breaks a reference that SQLite checks only at the commit.
    other_connection(&fixture)
        .batch_execute(
            "CREATE TABLE bombs (x INTEGER REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED); \
             CREATE TRIGGER bomb AFTER INSERT ON users WHEN NEW.name = 'bomb' \
             BEGIN INSERT INTO bombs VALUES (-1); END",
        )
        .unwrap();
    let (sender, results) = mpsc::channel();
    let release = block_writer(&*store);
    for (name, email) in [
        ("x", "a@example.org"),
        ("bomb", "b@example.org"),
        ("x", "A@example.org"),
        ("x", "c@example.org"),
    ] {
        let sender = sender.clone();
        submit(
            &*store,
            create(name, email),
            Box::new(move |result| sender.send(result).unwrap()),
        );
    }
    drop(sender);
    release.send(()).unwrap();
    let results: Vec<_> = results.iter().collect();
    assert_eq!(results.len(), 4);
    for result in results {
        assert!(
            matches!(result, Err(AppError::Unavailable(Unavailable::Database(_)))),
            "{result:?}"
        );
    }
    assert_eq!(committed_users(&mut other_connection(&fixture)), 0);

    // The writer still works.
    let (sender, result) = mpsc::channel();
    submit(
        &*store,
        create("x", "a@example.org"),
        Box::new(move |e| sender.send(e).unwrap()),
    );
    assert!(result.recv().unwrap().is_ok());
}

/// When the disk is full, SQLite rolls the transaction back by itself, and would commit
/// each of the statements that follow.
#[test]
fn a_lost_transaction_fails_every_job_of_the_group_and_changes_nothing() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    other_connection(&fixture)
        .batch_execute(
            "CREATE TRIGGER full BEFORE INSERT ON users WHEN NEW.name = 'last straw' \
             BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END",
        )
        .unwrap();
    let (sender, results) = mpsc::channel();
    let release = block_writer(&*store);
    let stubborn: Work = Box::new(|s| {
        let straw = new_user("last straw", "b@example.org");
        drop(crud::create(s, &anyone(), &straw, at(1)));
        drop(crud::create(
            s,
            &anyone(),
            &new_user("x", "c@example.org"),
            at(1),
        ));
        Ok(())
    });
    for work in [
        create("x", "a@example.org"),
        stubborn,
        create("x", "d@example.org"),
    ] {
        let sender = sender.clone();
        submit(
            &*store,
            work,
            Box::new(move |result| sender.send(result).unwrap()),
        );
    }
    drop(sender);
    release.send(()).unwrap();
    for result in results {
        assert!(
            matches!(result, Err(AppError::Unavailable(Unavailable::Database(_)))),
            "{result:?}"
        );
    }
    assert_eq!(committed_users(&mut other_connection(&fixture)), 0);

    // The writer still works.
    let (sender, result) = mpsc::channel();
    submit(
        &*store,
        create("x", "a@example.org"),
        Box::new(move |e| sender.send(e).unwrap()),
    );
    assert!(result.recv().unwrap().is_ok());
}

#[test]
fn a_full_queue_refuses_jobs_at_once() {
    let fixture = SqliteFixture::with(options(1, 2));
    let store = fixture.store();
    let release = block_writer(&*store);
    let (sender, results) = mpsc::channel();
    for n in 0..5 {
        let sender = sender.clone();
        submit(
            &*store,
            Box::new(|_| Ok(())),
            Box::new(move |e| sender.send((n, e)).unwrap()),
        );
    }
    drop(sender);
    // Two jobs wait; the others are answered while the writer is still blocked.
    for expected in 2..5 {
        let (n, result) = results.recv().unwrap();
        assert_eq!(n, expected);
        assert!(matches!(
            result,
            Err(AppError::Unavailable(Unavailable::QueueFull))
        ));
    }
    release.send(()).unwrap();
    assert!(results.iter().all(|(_, result)| result.is_ok()));
}

#[test]
fn waiting_jobs_are_finished_when_the_store_closes() {
    let mut fixture = SqliteFixture::new();
    let store = fixture.store();
    let release = block_writer(&*store);
    let (sender, results) = mpsc::channel();
    for email in ["a@example.org", "b@example.org"] {
        let sender = sender.clone();
        submit(
            &*store,
            create("x", email),
            Box::new(move |e| sender.send(e).unwrap()),
        );
    }
    drop(sender);
    let closing = std::thread::spawn(move || {
        fixture.close();
        fixture
    });
    release.send(()).unwrap();
    let fixture = closing.join().unwrap();
    assert_eq!(results.iter().filter(Result::is_ok).count(), 2);
    assert_eq!(committed_users(&mut other_connection(&fixture)), 2);
    let (sender, result) = mpsc::channel();
    submit(
        &*store,
        create("x", "c@example.org"),
        Box::new(move |e| sender.send(e).unwrap()),
    );
    let result = result.recv().unwrap();
    assert!(matches!(
        result,
        Err(AppError::Unavailable(Unavailable::ShuttingDown))
    ));
}
