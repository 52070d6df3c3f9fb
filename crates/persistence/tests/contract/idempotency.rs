//! Promises of `IdempotencyRepository`, and of the use case over it.

use byline_application::idempotency::{self, Answer, IdempotentRequest, Recorded};
use byline_application::{
    AppError, Conflict, Credential, Digest, RepositoryError, Store, UniqueKey, crud,
};

use crate::support::{anyone, at, block_on, new_user, read, soon, write};

fn digest(text: &str) -> Digest {
    Digest::of(&[text.as_bytes()])
}

fn recorded(store: &dyn Store, key: &'static str) -> Option<Recorded> {
    read(store, move |s| Ok(s.idempotency().find(&digest(key))?)).unwrap()
}

/// Stores a key with an answer in a session of its own.
fn add(store: &dyn Store, key: &'static str, answer: Vec<u8>, micros: i64) {
    let added = write(store, move |s| {
        let keys = s.idempotency();
        keys.insert(&digest(key), &digest("request"), at(micros))?;
        Ok(keys.record(&digest(key), &answer)?)
    });
    added.unwrap();
}

pub(crate) fn finds_what_it_stored(store: &dyn Store) {
    // Every byte there is, and more of them than a page of any engine holds.
    let answer: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    add(store, "key", answer.clone(), 1);
    let fingerprint = digest("request");
    let found = recorded(store, "key");
    assert_eq!(
        found,
        Some(Recorded {
            fingerprint,
            answer: Some(answer),
        })
    );
    assert_eq!(recorded(store, "KEY"), None);
}

pub(crate) fn tells_an_empty_answer_from_none(store: &dyn Store) {
    add(store, "key", Vec::new(), 1);
    assert_eq!(recorded(store, "key").unwrap().answer, Some(Vec::new()));
    let within = write(store, |s| {
        let keys = s.idempotency();
        keys.insert(&digest("other"), &digest("request"), at(1))?;
        Ok(keys.find(&digest("other"))?)
    });
    assert_eq!(within.unwrap().unwrap().answer, None);
}

pub(crate) fn refuses_a_key_that_is_there(store: &dyn Store) {
    add(store, "key", b"first".to_vec(), 1);
    let found = write(store, |s| {
        let keys = s.idempotency();
        let refused = keys.insert(&digest("key"), &digest("other"), at(2));
        assert!(matches!(
            refused,
            Err(RepositoryError::Duplicate(UniqueKey::IdempotencyKey))
        ));
        // The session goes on.
        s.users()
            .insert(&new_user("Ada", "ada@example.org"), at(2))?;
        Ok(s.idempotency().find(&digest("key"))?)
    });
    assert_eq!(found.unwrap().unwrap().answer, Some(b"first".to_vec()));
}

pub(crate) fn forgets_a_key_whose_session_is_undone(store: &dyn Store) {
    let insert = |s: &mut dyn byline_application::Session| -> Result<(), AppError> {
        let keys = s.idempotency();
        keys.insert(&digest("key"), &digest("request"), at(1))?;
        Ok(keys.record(&digest("key"), b"never")?)
    };
    let failed: Result<(), _> = write(store, move |s| {
        insert(s)?;
        Err(Conflict::EmailTaken.into())
    });
    failed.unwrap_err();
    assert_eq!(recorded(store, "key"), None);
    block_on(store.dry_run(soon(), insert)).unwrap();
    assert_eq!(recorded(store, "key"), None);
    write(store, insert).unwrap();
    assert!(recorded(store, "key").is_some());
}

pub(crate) fn records_under_no_key_but_its_own(store: &dyn Store) {
    let ending = write(store, |s| {
        Ok(s.idempotency().record(&digest("key"), b"x")?)
    });
    assert!(matches!(ending, Err(AppError::Internal(_))), "{ending:?}");
}

pub(crate) fn sweeps_the_oldest_and_no_more_than_it_was_told(store: &dyn Store) {
    for (key, micros) in [("d", 40), ("a", 10), ("c", 30), ("b", 20)] {
        add(store, key, b"x".to_vec(), micros);
    }
    let sweep = |before: i64, most: u16| {
        write(store, move |s| {
            Ok(s.idempotency().sweep(at(before), most)?)
        })
        .unwrap()
    };
    assert_eq!(sweep(10, 9), 0);
    assert_eq!(sweep(40, 2), 2);
    let left = || ["a", "b", "c", "d"].map(|key| recorded(store, key).is_some());
    assert_eq!(left(), [false, false, true, true]);
    assert_eq!(sweep(40, 2), 1);
    assert_eq!(sweep(40, 2), 0);
    assert_eq!(left(), [false, false, false, true]);
}

pub(crate) fn lets_one_of_many_with_a_key_have_an_effect(store: &dyn Store) {
    const RACERS: usize = 32;
    let answers: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|_| {
                scope.spawn(|| {
                    let claim =
                        IdempotentRequest::new(&Credential::NotAsked, "key", digest("request"));
                    write(store, move |s| {
                        idempotency::once(s, &claim, at(1), |s| {
                            // A second effect would find the address taken.
                            let new = new_user("Ada", "ada@example.org");
                            let user = crud::create(s, &anyone(), &new, at(1))?;
                            Ok(user.id.to_string().into_bytes())
                        })
                    })
                })
            })
            .collect();
        let ended = racers.into_iter().map(|racer| racer.join().unwrap());
        ended.collect()
    });
    let mut first = 0;
    for answer in answers {
        match answer {
            Ok(Answer::First(id)) => {
                assert_eq!(id, b"1");
                first += 1;
            }
            Ok(Answer::Replayed(id)) => assert_eq!(id, b"1"),
            // Where sessions run side by side and the first took its time.
            Err(AppError::Conflict(Conflict::KeyInUse)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(first, 1);
}
