//! A server that is killed during writes: no acknowledged write is lost, and none is
//! stored twice.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use byline_application::{AppError, crud};

use crate::support::servers::{Engine, dedicated, on_each_server};
use crate::support::{ServerFixture, anyone, at, block_on, eventually, new_user, options};

on_each_server! {
    no_write_is_lost_or_stored_twice,
}

const WRITERS: usize = 16;

/// Returns the value of `BYLINE_CRASH_ROUNDS`, or 20.
fn rounds() -> usize {
    let rounds = std::env::var("BYLINE_CRASH_ROUNDS");
    rounds.map_or(20, |rounds| rounds.parse().unwrap())
}

/// The results of the writers, by the key of the user.
#[derive(Default)]
struct Told {
    created: Vec<String>,
    failed: Vec<String>,
    unknown: usize,
}

fn no_write_is_lost_or_stored_twice(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let fixture = ServerFixture::on(&server, &options(8, 256));
    let store = fixture.store();
    let told = Mutex::new(Told::default());
    let created = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (store, told, created, over) = (&store, &told, &created, &over);
            scope.spawn(move || {
                for number in 0.. {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let email = format!("w{writer}n{number}@example.org");
                    let new = new_user("Ada", &email);
                    let deadline = Instant::now() + Duration::from_secs(20);
                    let work = move |s: &mut dyn byline_application::Session| {
                        crud::create(s, &anyone(), &new, at(1))
                    };
                    let ending = if writer % 2 == 0 {
                        block_on(store.create(deadline, work))
                    } else {
                        block_on(store.write(deadline, work))
                    };
                    let mut told = told.lock().unwrap();
                    match ending {
                        Ok(_) => {
                            created.fetch_add(1, Ordering::SeqCst);
                            told.created.push(email);
                        }
                        Err(AppError::OutcomeUnknown(_)) => told.unknown += 1,
                        Err(AppError::Unavailable(_)) => {
                            told.failed.push(email);
                            drop(told);
                            std::thread::sleep(Duration::from_millis(5));
                        }
                        Err(other) => panic!("{email}: {other:?}"),
                    }
                }
            });
        }
        for round in 0..rounds() {
            let before = created.load(Ordering::SeqCst);
            eventually("users are created", || {
                created.load(Ordering::SeqCst) >= before + 10 + round % 7
            });
            server.kill();
            server.run();
        }
        let before = created.load(Ordering::SeqCst);
        eventually("users are created after the last kill", || {
            created.load(Ordering::SeqCst) > before
        });
        over.store(true, Ordering::SeqCst);
    });
    let told = told.into_inner().unwrap();
    let stored = fixture.schema.admin().column("SELECT email FROM users");
    let distinct: HashSet<_> = stored.iter().collect();
    assert_eq!(distinct.len(), stored.len());
    for email in &told.created {
        assert!(
            distinct.contains(email),
            "{email} was acknowledged and is lost"
        );
    }
    for email in &told.failed {
        assert!(
            !distinct.contains(email),
            "{email} was refused and is there"
        );
    }
    assert!(stored.len() <= told.created.len() + told.unknown);
}
