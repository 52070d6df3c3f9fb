//! Promises of `Session` and `Store`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use byline_application::{AppError, Conflict, Store, Unavailable, crud};

use crate::support::{add_user, all_users, anyone, at, block_on, new_user, read, soon, write};

fn count(store: &dyn Store) -> usize {
    let page = read(store, move |s| Ok(s.users().list(&all_users())?));
    page.unwrap().items.len()
}

fn some_failure() -> AppError {
    Conflict::EmailTaken.into()
}

pub(crate) fn commits_what_succeeds(store: &dyn Store) {
    add_user(store, "Ada", "ada@example.org");
    assert_eq!(count(store), 1);
}

pub(crate) fn undoes_what_fails(store: &dyn Store) {
    let new = new_user("Ada", "ada@example.org");
    let ending: Result<(), _> = write(store, move |s| {
        s.users().insert(&new, at(1))?;
        Err(some_failure())
    });
    assert!(matches!(
        ending,
        Err(AppError::Conflict(Conflict::EmailTaken))
    ));
    assert_eq!(count(store), 0);
}

pub(crate) fn undoes_a_rehearsal(store: &dyn Store) {
    let new = new_user("Ada", "ada@example.org");
    let user = block_on(store.dry_run(soon(), move |s| Ok(s.users().insert(&new, at(1))?)));
    assert_eq!(user.unwrap().fields.name.as_str(), "Ada");
    assert_eq!(count(store), 0);
}

pub(crate) fn sees_its_own_changes(store: &dyn Store) {
    let new = new_user("Ada", "ada@example.org");
    let found = write(store, move |s| {
        let ada = s.users().insert(&new, at(1))?;
        Ok(s.users().find(ada.id)? == Some(ada))
    });
    assert!(found.unwrap());
}

pub(crate) fn runs_a_lost_conflict_again(store: &dyn Store) {
    let runs = Arc::new(AtomicUsize::new(0));
    let new = new_user("Ada", "ada@example.org");
    let user = write(store, move |s| {
        // Were the first run not undone, the second would find the address taken.
        let user = s.users().insert(&new, at(1))?;
        match runs.fetch_add(1, Ordering::Relaxed) {
            0 => Err(AppError::Contention(None)),
            _ => Ok(user),
        }
    });
    assert_eq!(user.unwrap().fields.name.as_str(), "Ada");
    assert_eq!(count(store), 1);
}

pub(crate) fn gives_up_after_a_few_conflicts(store: &dyn Store) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let ending: Result<(), _> = write(store, move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Err(AppError::Contention(None))
    });
    assert!(matches!(
        ending,
        Err(AppError::Unavailable(Unavailable::Contention))
    ));
    assert!((2..=5).contains(&runs.load(Ordering::Relaxed)));
}

pub(crate) fn survives_a_panic(store: &dyn Store) {
    for _ in 0..8 {
        let new = new_user("Ada", "ada@example.org");
        let ending: Result<(), _> = write(store, move |s| {
            s.users().insert(&new, at(1))?;
            panic!("a job that panics on purpose")
        });
        assert!(matches!(ending, Err(AppError::Internal(_))));
        let ending: Result<(), _> = read(store, |_| panic!("a job that panics on purpose"));
        assert!(matches!(ending, Err(AppError::Internal(_))));
    }
    assert_eq!(count(store), 0);
    add_user(store, "Ada", "ada@example.org");
}

pub(crate) fn does_not_run_what_is_too_late(store: &dyn Store) {
    let new = new_user("Ada", "ada@example.org");
    let work = move |s: &mut dyn byline_application::Session| Ok(s.users().insert(&new, at(1))?);
    let late = block_on(store.write(Instant::now(), work.clone()));
    assert!(matches!(
        late,
        Err(AppError::Unavailable(Unavailable::DeadlinePassed))
    ));
    let late = block_on(store.read(Instant::now(), work));
    assert!(matches!(
        late,
        Err(AppError::Unavailable(Unavailable::DeadlinePassed))
    ));
    assert_eq!(count(store), 0);
}

pub(crate) fn cannot_write_while_reading(store: &dyn Store) {
    let new = new_user("Ada", "ada@example.org");
    let ending = read(store, move |s| Ok(s.users().insert(&new, at(1))?));
    assert!(ending.is_err());
    assert_eq!(count(store), 0);
}

pub(crate) fn creates_one_row(store: &dyn Store) {
    let new = new_user("Ada", "ada@example.org");
    let work = move |s: &mut dyn byline_application::Session| {
        let ada = s.users().insert(&new, at(1))?;
        assert_eq!(s.users().find(ada.id)?.as_ref(), Some(&ada));
        Ok(ada)
    };
    let ada = block_on(store.create(soon(), work.clone())).unwrap();
    assert_eq!(
        read(store, move |s| Ok(s.users().find(ada.id)?)).unwrap(),
        Some(ada)
    );
    let again = block_on(store.create(soon(), work));
    assert!(matches!(again, Err(AppError::Internal(_))), "{again:?}");
    assert_eq!(count(store), 1);
}

pub(crate) fn changes_nothing_but_one_row_in_a_creation(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let (eve, bob) = (
        new_user("Eve", "eve@example.org"),
        new_user("Bob", "bob@example.org"),
    );
    let ending = block_on(store.create(soon(), move |s| {
        let eve = s.users().insert(&eve, at(1))?;
        drop(s.users().insert(&bob, at(1)));
        Ok(eve)
    }));
    assert!(matches!(ending, Err(AppError::Internal(_))), "{ending:?}");
    let ending = block_on(store.create(soon(), move |s| {
        drop(s.users().delete(ada.id, ada.version));
        Ok(())
    }));
    assert!(matches!(ending, Err(AppError::Internal(_))), "{ending:?}");
    let users = read(store, move |s| Ok(s.users().list(&all_users())?))
        .unwrap()
        .items;
    let names: Vec<_> = users.iter().map(|user| user.fields.name.as_str()).collect();
    assert!(
        names.contains(&"Ada") && !names.contains(&"Bob"),
        "{names:?}"
    );
}

pub(crate) fn lets_one_of_many_creations_win_an_email(store: &dyn Store) {
    let endings: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    let new = new_user("Ada", "ada@example.org");
                    block_on(store.create(soon(), move |s| crud::create(s, &anyone(), &new, at(1))))
                })
            })
            .collect();
        let endings = racers.into_iter().map(|racer| racer.join().unwrap());
        endings.collect()
    });
    assert_eq!(endings.iter().filter(|ending| ending.is_ok()).count(), 1);
    for ending in endings {
        assert!(
            matches!(
                ending,
                Ok(_) | Err(AppError::Conflict(Conflict::EmailTaken))
            ),
            "{ending:?}"
        );
    }
    assert_eq!(count(store), 1);
}

pub(crate) fn commits_nothing_after_a_swallowed_error(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let new = new_user("Eve", "eve@example.org");
    let ending = write(store, move |s| {
        s.users().insert(&new, at(1))?;
        let mut broken = ada.clone();
        broken.updated_at = at(0); // before it was created
        drop(s.users().update(&broken, ada.version));
        Ok(())
    });
    assert!(matches!(ending, Err(AppError::Internal(_))), "{ending:?}");
    assert_eq!(count(store), 1);
}

pub(crate) fn sees_one_moment_in_a_snapshot(store: &dyn Store) {
    let (read_once, wait_for_read) = mpsc::channel();
    let (written, wait_for_write) = mpsc::channel();
    let wait_for_write = std::sync::Mutex::new(wait_for_write);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            block_on(store.snapshot(soon(), move |s| {
                let before = s.users().list(&all_users())?;
                read_once.send(()).unwrap();
                wait_for_write.lock().unwrap().recv().unwrap();
                Ok((before, s.users().list(&all_users())?))
            }))
        });
        wait_for_read.recv().unwrap();
        add_user(store, "Ada", "ada@example.org");
        written.send(()).unwrap();
        let (before, after) = reader.join().unwrap().unwrap();
        assert_eq!(before, after);
        assert!(before.items.is_empty());
    });
    assert_eq!(count(store), 1);
}

pub(crate) fn lets_one_of_many_win_an_email(store: &dyn Store) {
    let endings: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    let new = new_user("Ada", "ada@example.org");
                    write(store, move |s| crud::create(s, &anyone(), &new, at(1)))
                })
            })
            .collect();
        racers
            .into_iter()
            .map(|racer| racer.join().unwrap())
            .collect()
    });
    assert_eq!(endings.iter().filter(|ending| ending.is_ok()).count(), 1);
    for ending in endings {
        assert!(
            matches!(
                ending,
                Ok(_) | Err(AppError::Conflict(Conflict::EmailTaken))
            ),
            "{ending:?}"
        );
    }
    assert_eq!(count(store), 1);
}
