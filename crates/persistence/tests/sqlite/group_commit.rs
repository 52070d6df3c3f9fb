//! One writer, one fsync, many answers.

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

    fn finish(self: Box<Self>, ending: Result<(), AppError>) {
        (self.answered)(ending);
    }
}

fn submit(store: &dyn Store, work: Work, answered: Answered) {
    store.submit(Intent::Write, soon(), Box::new(Scripted { work, answered }));
}

/// Holds the writer until told, so that what is submitted meanwhile makes one
/// group.
fn hold_writer(store: &dyn Store) -> Sender<()> {
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
    let (sender, endings) = mpsc::channel();
    let release = hold_writer(&*store);
    for (n, email) in ["a@example.org", "A@example.org", "b@example.org"]
        .into_iter()
        .enumerate()
    {
        let sender = sender.clone();
        submit(
            &*store,
            create("x", email),
            Box::new(move |ending| sender.send((n, ending)).unwrap()),
        );
    }
    let sender_of_panic = sender.clone();
    submit(
        &*store,
        Box::new(|s| {
            crud::create(s, &anyone(), &new_user("x", "c@example.org"), at(1))?;
            panic!("a job that panics on purpose")
        }),
        Box::new(move |ending| sender_of_panic.send((3, ending)).unwrap()),
    );
    submit(
        &*store,
        create("x", "d@example.org"),
        Box::new(move |ending| sender.send((4, ending)).unwrap()),
    );
    release.send(()).unwrap();
    let mut endings: Vec<_> = endings.iter().collect();
    endings.sort_by_key(|(n, _)| *n);
    assert!(
        matches!(
            endings.as_slice(),
            [
                (0, Ok(())),
                (1, Err(AppError::Conflict(Conflict::EmailTaken))),
                (2, Ok(())),
                (3, Err(AppError::Internal(_))),
                (4, Ok(())),
            ]
        ),
        "{endings:?}"
    );
    assert_eq!(committed_users(&mut other_connection(&fixture)), 3);
}

#[test]
fn nobody_is_answered_before_the_commit() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (sender, done) = mpsc::channel::<()>();
    let release = hold_writer(&*store);
    // The second is refused because of the first: that too may be said only
    // when the first is committed.
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
fn a_failing_commit_is_everybodys() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    // A reference that SQLite checks only at the commit, broken by a trigger.
    other_connection(&fixture)
        .batch_execute(
            "CREATE TABLE bombs (x INTEGER REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED); \
             CREATE TRIGGER bomb AFTER INSERT ON users WHEN NEW.name = 'bomb' \
             BEGIN INSERT INTO bombs VALUES (-1); END",
        )
        .unwrap();
    let (sender, endings) = mpsc::channel();
    let release = hold_writer(&*store);
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
            Box::new(move |ending| sender.send(ending).unwrap()),
        );
    }
    drop(sender);
    release.send(()).unwrap();
    let endings: Vec<_> = endings.iter().collect();
    assert_eq!(endings.len(), 4);
    for ending in endings {
        assert!(
            matches!(ending, Err(AppError::Unavailable(Unavailable::Database(_)))),
            "{ending:?}"
        );
    }
    assert_eq!(committed_users(&mut other_connection(&fixture)), 0);

    // The writer goes on.
    let (sender, ending) = mpsc::channel();
    submit(
        &*store,
        create("x", "a@example.org"),
        Box::new(move |e| sender.send(e).unwrap()),
    );
    assert!(ending.recv().unwrap().is_ok());
}

/// SQLite rolls a transaction back by itself when the disk is full, and would
/// commit on their own the statements that follow.
#[test]
fn a_transaction_lost_midway_is_everybodys_and_leaves_nothing() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    other_connection(&fixture)
        .batch_execute(
            "CREATE TRIGGER full BEFORE INSERT ON users WHEN NEW.name = 'last straw' \
             BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END",
        )
        .unwrap();
    let (sender, endings) = mpsc::channel();
    let release = hold_writer(&*store);
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
            Box::new(move |ending| sender.send(ending).unwrap()),
        );
    }
    drop(sender);
    release.send(()).unwrap();
    for ending in endings {
        assert!(
            matches!(ending, Err(AppError::Unavailable(Unavailable::Database(_)))),
            "{ending:?}"
        );
    }
    assert_eq!(committed_users(&mut other_connection(&fixture)), 0);

    // The writer goes on.
    let (sender, ending) = mpsc::channel();
    submit(
        &*store,
        create("x", "a@example.org"),
        Box::new(move |e| sender.send(e).unwrap()),
    );
    assert!(ending.recv().unwrap().is_ok());
}

#[test]
fn a_full_queue_refuses_at_once() {
    let fixture = SqliteFixture::with(options(1, 2));
    let store = fixture.store();
    let release = hold_writer(&*store);
    let (sender, endings) = mpsc::channel();
    for n in 0..5 {
        let sender = sender.clone();
        submit(
            &*store,
            Box::new(|_| Ok(())),
            Box::new(move |e| sender.send((n, e)).unwrap()),
        );
    }
    drop(sender);
    // Two wait; the others are answered while the writer is still held.
    for expected in 2..5 {
        let (n, ending) = endings.recv().unwrap();
        assert_eq!(n, expected);
        assert!(matches!(
            ending,
            Err(AppError::Unavailable(Unavailable::QueueFull))
        ));
    }
    release.send(()).unwrap();
    assert!(endings.iter().all(|(_, ending)| ending.is_ok()));
}

#[test]
fn what_waits_is_finished_when_the_store_closes() {
    let mut fixture = SqliteFixture::new();
    let store = fixture.store();
    let release = hold_writer(&*store);
    let (sender, endings) = mpsc::channel();
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
    assert_eq!(endings.iter().filter(Result::is_ok).count(), 2);
    assert_eq!(committed_users(&mut other_connection(&fixture)), 2);
    let (sender, ending) = mpsc::channel();
    submit(
        &*store,
        create("x", "c@example.org"),
        Box::new(move |e| sender.send(e).unwrap()),
    );
    let ending = ending.recv().unwrap();
    assert!(matches!(
        ending,
        Err(AppError::Unavailable(Unavailable::ShuttingDown))
    ));
}
