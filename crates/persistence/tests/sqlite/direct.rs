//! Reads on the thread that asks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use byline_application::{AppError, Readiness, Store, Unavailable};
use diesel::prelude::*;
use diesel::sql_types::Integer;

use crate::support::{Fixture, SqliteFixture, add_user, block_on, eventually, read, soon};

/// Which thread runs a read.
fn reader(store: &dyn Store) -> ThreadId {
    read(store, |_| Ok(thread::current().id())).unwrap()
}

#[test]
fn a_read_is_run_by_the_thread_that_asks() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    assert_eq!(reader(&*store), thread::current().id());
}

#[test]
fn several_statements_are_run_by_a_thread_of_the_store() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    let snapshot = block_on(store.snapshot(soon(), |_| Ok(thread::current().id())));
    assert_ne!(snapshot.unwrap(), thread::current().id());
}

#[test]
fn after_a_slow_read_the_store_has_its_threads_read_until_it_is_quick_again() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    read(&*store, |_| {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(20) {
            thread::yield_now();
        }
        Ok(())
    })
    .unwrap();
    let here = thread::current().id();
    assert_ne!(reader(&*store), here);
    eventually("quick reads", || reader(&*store) == here);
}

#[test]
fn a_read_that_does_not_end_holds_nobody_else_up() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    let (begun, wait_for_begin) = mpsc::channel();
    let (end, wait_for_end) = mpsc::channel();
    let wait_for_end = Mutex::new(wait_for_end);
    thread::scope(|scope| {
        let stuck = scope.spawn(|| {
            read(&*store, move |_| {
                begun.send(()).unwrap();
                wait_for_end.lock().unwrap().recv().unwrap();
                Ok(())
            })
        });
        wait_for_begin.recv().unwrap();
        // More threads than there are connections.
        for _ in 0..8 {
            scope.spawn(|| reader(&*store)).join().unwrap();
        }
        add_user(&*store, "Ada", "ada@example.org");
        assert!(matches!(store.health().readiness, Readiness::Ready));
        end.send(()).unwrap();
        stuck.join().unwrap().unwrap();
    });
}

#[test]
fn a_lost_conflict_is_run_again_by_a_thread_of_the_store() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    let runs = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&runs);
    read(&*store, move |_| {
        let mut runs = runs.lock().unwrap();
        runs.push(thread::current().id());
        match runs.len() {
            1 => Err(AppError::Contention(None)),
            _ => Ok(()),
        }
    })
    .unwrap();
    let here = thread::current().id();
    let runs = seen.lock().unwrap();
    assert!(runs.len() == 2 && runs[0] == here && runs[1] != here);
}

#[test]
fn a_closed_store_reads_no_more() {
    let mut fixture = SqliteFixture::new();
    let store = fixture.store();
    reader(&*store);
    fixture.close();
    let ending = read(&*store, |_| Ok(()));
    assert!(
        matches!(
            ending,
            Err(AppError::Unavailable(Unavailable::ShuttingDown))
        ),
        "{ending:?}"
    );
}

/// What a checkpoint answers first.
#[derive(QueryableByName)]
struct Checkpoint {
    /// Whether a reader was in its way.
    #[diesel(sql_type = Integer)]
    busy: i32,
}

#[test]
fn a_checkpoint_finds_its_moment_among_reads_without_end() {
    let fixture = SqliteFixture::new();
    let store = fixture.store();
    let path = fixture.path();
    let mut other = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    reader(&*store);
                }
            });
        }
        for round in 0..3 {
            add_user(&*store, "Ada", &format!("ada{round}@example.org"));
            eventually("a checkpoint", || {
                let done = diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)");
                done.get_result::<Checkpoint>(&mut other).unwrap().busy == 0
            });
        }
        stop.store(true, Ordering::Relaxed);
    });
}
