//! Promises of `KeyRepository`.

use byline_application::keys::{self, Found, Secret};
use byline_application::{AppError, Digest, RepositoryError, RowLock, Session, Store};
use byline_domain::policy::{Scope, Scopes};
use byline_domain::{ApiKey, KeyId, KeyName, NewApiKey, UserId};

use crate::support::{add_user, at, read, write};

fn secret(letter: &str) -> Secret {
    Secret::of(&letter.repeat(Secret::RANDOM)).unwrap()
}

fn grant(name: &str, user: Option<UserId>) -> NewApiKey {
    NewApiKey {
        name: KeyName::parse(name).unwrap(),
        user,
        scopes: Scopes::from_iter([Scope::PostsWrite, Scope::UsersRead]),
        expires_at: user.map(|_| at(900)),
    }
}

/// Stores a key in a session of its own, at 5.
fn add(store: &dyn Store, letter: &'static str, grant: &NewApiKey) -> ApiKey {
    let grant = grant.clone();
    let added = write(store, move |s| {
        keys::create(s, &grant, &secret(letter), at(5))
    });
    added.unwrap()
}

fn find(store: &dyn Store, letter: &'static str) -> Option<Found> {
    let digest = secret(letter).digest();
    let read = read(store, move |s| {
        Ok(s.keys().find(&digest, RowLock::Released)?)
    })
    .unwrap();
    // Held or not, the same is found.
    let held = write(store, move |s| {
        Ok(s.keys().find(&digest, RowLock::UntilTheEnd)?)
    });
    assert_eq!(held.unwrap(), read);
    read
}

pub(crate) fn finds_what_it_stored(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let of_ada = add(store, "a", &grant("Ada's 🔑", Some(ada.id)));
    let of_none = add(store, "b", &grant("import", None));
    assert!(of_ada.id < of_none.id);
    for (letter, key) in [("a", of_ada), ("b", of_none)] {
        let secret = secret(letter);
        assert_eq!((key.hint.as_str(), key.created_at), (secret.hint(), at(5)));
        assert_eq!(key.revoked_at, None);
        let secret = secret.digest();
        assert_eq!(find(store, letter), Some(Found { key, secret }));
    }
    assert_eq!(find(store, "A"), None);
}

pub(crate) fn refuses_a_missing_user(store: &dyn Store) {
    let of_missing_user = grant("import", Some(UserId::try_from(404).unwrap()));
    let refused = write(store, move |s| {
        Ok(s.keys()
            .insert(&of_missing_user, &Digest::plain(b"x"), "byl_x", at(1)))
    });
    assert!(matches!(
        refused,
        Ok(Err(RepositoryError::MissingReference(keys::USER)))
    ));
}

pub(crate) fn lists_the_oldest_first(store: &dyn Store) {
    let first = add(store, "a", &grant("first", None));
    let second = add(store, "b", &grant("second", None));
    let listed = |most| {
        let all = read(store, move |s| Ok(s.keys().list(most)?)).unwrap();
        all.into_iter().map(|one| one.key).collect::<Vec<_>>()
    };
    assert_eq!(listed(10), [first.clone(), second]);
    assert_eq!(listed(1), [first]);
}

pub(crate) fn revokes_once_and_for_good(store: &dyn Store) {
    let key = add(store, "a", &grant("a", None));
    let revoke = |id, now| write(store, move |s| keys::revoke(s, id, at(now))).unwrap();
    assert_eq!(revoke(key.id, 50), Some(true));
    assert_eq!(revoke(key.id, 60), Some(false));
    assert_eq!(find(store, "a").unwrap().key.revoked_at, Some(at(50)));
    assert_eq!(revoke(KeyId::try_from(404).unwrap(), 50), None);
}

pub(crate) fn keeps_the_latest_use(store: &dyn Store) {
    let key = add(store, "a", &grant("a", None));
    let gone = KeyId::try_from(404).unwrap();
    let used = || {
        let listed = read(store, keys::list).unwrap();
        listed[0].last_used_at
    };
    assert_eq!(used(), None);
    for (micros, latest) in [(7, 7), (9, 9), (8, 9)] {
        let uses = [(key.id, at(micros)), (gone, at(micros))];
        write(store, move |s| keys::store_uses(s, &uses)).unwrap();
        assert_eq!(used(), Some(at(latest)));
    }
}

pub(crate) fn ends_with_the_user(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    add(store, "a", &grant("a", Some(ada.id)));
    add(store, "b", &grant("b", None));
    write(store, move |s| Ok(s.users().delete(ada.id, ada.version)?)).unwrap();
    assert_eq!(find(store, "a"), None);
    assert!(find(store, "b").is_some());
    assert_eq!(read(store, keys::list).unwrap().len(), 1);
}

/// A write that began with a key ends before the revocation, or is refused: a
/// revocation that was told to have happened is never overtaken.
pub(crate) fn lets_no_write_slip_through_beside_a_revocation(store: &dyn Store) {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};
    let key = add(store, "a", &grant("a", None));
    let (found, was_found) = mpsc::channel();
    let revoked = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&revoked);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            write(
                store,
                move |s: &mut dyn Session| -> Result<bool, AppError> {
                    let digest = secret("a").digest();
                    let key = s.keys().find(&digest, RowLock::UntilTheEnd)?.unwrap().key;
                    let _ = found.send(());
                    // Work enough for a revocation that does not wait to overtake it.
                    for _ in 0..500 {
                        s.users().find(UserId::MAX)?;
                    }
                    assert_eq!(key.revoked_at, None);
                    Ok(seen.load(Ordering::SeqCst))
                },
            )
        });
        was_found.recv().unwrap();
        let id = key.id;
        write(store, move |s| keys::revoke(s, id, at(9))).unwrap();
        revoked.store(true, Ordering::SeqCst);
        assert!(!writer.join().unwrap().unwrap());
    });
    assert!(find(store, "a").unwrap().key.revoked_at.is_some());
}
