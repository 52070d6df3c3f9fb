use mockall::Sequence;
use mockall::predicate::eq;

use super::*;
use std::collections::HashSet;

use byline_domain::policy::{Identity, Scope, Scopes};

use crate::Token;
use crate::fixtures::{at, repository_errors};
use crate::{MockSession, RepositoryError};

const FINGERPRINT: &[&[u8]] = &[b"POST", b"/users", b"{}"];

fn request() -> IdempotentRequest {
    IdempotentRequest::new(&Credential::NotAsked, "key", Digest::of(FINGERPRINT))
}

fn session_with(keys: MockIdempotencyRepository) -> MockSession {
    let mut session = MockSession::new();
    session.expect_idempotency().return_var(Box::new(keys));
    session
}

/// Work that must not run.
fn nothing(_: &mut dyn Session) -> Result<Vec<u8>, AppError> {
    panic!("the work was done again")
}

/// Returns a repository that has the key with this content.
fn taken(recorded: Option<Recorded>) -> MockIdempotencyRepository {
    let mut keys = MockIdempotencyRepository::new();
    keys.expect_insert()
        .returning(|_, _, _| Err(RepositoryError::Duplicate(UniqueKey::IdempotencyKey)));
    keys.expect_find()
        .with(eq(request().key))
        .return_once(|_| Ok(recorded));
    keys
}

#[test]
fn each_holder_has_keys_of_its_own() {
    let fingerprint = Digest::of(&[]);
    let key = |byte: u8| Credential::Key(Digest::plain(&[byte]));
    let token = |byte, scope| {
        Credential::Token(Token {
            identity: Identity::from([byte; Identity::LENGTH]),
            scopes: Scopes::from_iter([scope]),
        })
    };
    let of = |credential, key| IdempotentRequest::new(&credential, key, fingerprint).key;
    // A holder is the same with another token.
    let first = of(token(1, Scope::UsersRead), "a");
    assert_eq!(first, of(token(1, Scope::Admin), "a"));
    let same_bytes = Credential::Key(Digest::from([1; Digest::LENGTH]));
    let all = [
        first,
        of(token(1, Scope::UsersRead), "b"),
        of(token(2, Scope::UsersRead), "a"),
        of(same_bytes, "a"),
        of(key(1), "a"),
        of(key(2), "a"),
        of(Credential::NotAsked, "a"),
    ];
    let distinct: HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}

#[test]
fn the_first_request_inserts_its_key_works_and_records_the_answer() {
    let mut order = Sequence::new();
    let mut keys = MockIdempotencyRepository::new();
    keys.expect_insert()
        .with(eq(request().key), eq(Digest::of(FINGERPRINT)), eq(at(7)))
        .once()
        .in_sequence(&mut order)
        .returning(|_, _, _| Ok(()));
    // The work uses the session, too.
    keys.expect_find()
        .once()
        .in_sequence(&mut order)
        .returning(|_| Ok(None));
    keys.expect_record()
        .withf(|key, answer| *key == request().key && answer == b"done")
        .once()
        .in_sequence(&mut order)
        .returning(|_, _| Ok(()));
    let answer = once(&mut session_with(keys), &request(), at(7), |session| {
        session.idempotency().find(&request().key)?;
        Ok(b"done".to_vec())
    });
    assert_eq!(answer.unwrap(), Answer::First(b"done".to_vec()));
}

#[test]
fn a_failure_records_nothing() {
    let mut keys = MockIdempotencyRepository::new();
    keys.expect_insert().returning(|_, _, _| Ok(()));
    let result = once(&mut session_with(keys), &request(), at(7), |_| {
        Err(Conflict::EmailTaken.into())
    });
    assert!(matches!(
        result,
        Err(AppError::Conflict(Conflict::EmailTaken))
    ));
}

#[test]
fn a_repeated_request_is_given_the_answer() {
    let keys = taken(Some(Recorded {
        fingerprint: Digest::of(FINGERPRINT),
        answer: Some(b"done".to_vec()),
    }));
    let answer = once(&mut session_with(keys), &request(), at(7), nothing);
    assert_eq!(answer.unwrap(), Answer::Replayed(b"done".to_vec()));
}

#[test]
fn another_request_with_the_key_is_refused() {
    for answer in [None, Some(b"done".to_vec())] {
        let fingerprint = Digest::of(&[b"another"]);
        let keys = taken(Some(Recorded {
            fingerprint,
            answer,
        }));
        let result = once(&mut session_with(keys), &request(), at(7), nothing);
        assert!(matches!(
            result,
            Err(AppError::Conflict(Conflict::KeyReused))
        ));
    }
}

#[test]
fn the_key_of_a_request_that_has_not_ended_is_in_use() {
    let unanswered = taken(Some(Recorded {
        fingerprint: Digest::of(FINGERPRINT),
        answer: None,
    }));
    let mut locked = MockIdempotencyRepository::new();
    locked
        .expect_insert()
        .returning(|_, _, _| Err(RepositoryError::LockTimeout(crate::fixtures::cause())));
    for keys in [unanswered, locked] {
        let result = once(&mut session_with(keys), &request(), at(7), nothing);
        assert!(matches!(
            result,
            Err(AppError::Conflict(Conflict::KeyInUse))
        ));
    }
}

#[test]
fn a_key_that_was_swept_meanwhile_makes_the_request_run_again() {
    let result = once(&mut session_with(taken(None)), &request(), at(7), nothing);
    assert!(matches!(result, Err(AppError::Contention(None))));
}

#[test]
fn other_failures_pass() {
    let generic = |failure: &RepositoryError| {
        !matches!(
            failure,
            RepositoryError::Duplicate(UniqueKey::IdempotencyKey) | RepositoryError::LockTimeout(_)
        )
    };
    for failure in repository_errors().filter(generic) {
        let mut keys = MockIdempotencyRepository::new();
        let error_of_store = failure.clone();
        keys.expect_insert()
            .returning(move |_, _, _| Err(error_of_store.clone()));
        let error = once(&mut session_with(keys), &request(), at(7), nothing).unwrap_err();
        assert!(crate::fixtures::is_generic(&failure, &error), "{error:?}");

        let mut keys = MockIdempotencyRepository::new();
        keys.expect_insert().returning(|_, _, _| Ok(()));
        let error_of_store = failure.clone();
        keys.expect_record()
            .returning(move |_, _| Err(error_of_store.clone()));
        let error = once(&mut session_with(keys), &request(), at(7), |_| {
            Ok(Vec::new())
        });
        assert!(crate::fixtures::is_generic(&failure, &error.unwrap_err()));
    }
}

#[test]
fn a_sweep_keeps_the_last_24_hours() {
    let now = "2026-11-22T10:00:00Z".parse().unwrap();
    let mut keys = MockIdempotencyRepository::new();
    let day_before: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    keys.expect_sweep()
        .with(eq(day_before), eq(500))
        .returning(|_, _| Ok(3));
    assert_eq!(sweep(&mut session_with(keys), now).unwrap(), 3);
}

#[test]
fn at_the_first_moment_there_is_nothing_to_sweep() {
    let untouched = MockIdempotencyRepository::new();
    assert_eq!(
        sweep(&mut session_with(untouched), Timestamp::MIN).unwrap(),
        0
    );
}
