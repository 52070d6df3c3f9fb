use byline_domain::policy::Scopes;
use byline_domain::{KeyName, UserId};
use mockall::Sequence;
use mockall::predicate::eq;

use super::*;
use crate::MockSession;
use crate::fixtures::{assert_failures_pass, assert_not_found, at, user_id};

fn session_with(keys: MockKeyRepository) -> MockSession {
    let mut session = MockSession::new();
    session.expect_keys().return_var(Box::new(keys));
    session
}

fn grant(user: Option<UserId>) -> NewApiKey {
    NewApiKey {
        name: KeyName::parse("import").unwrap(),
        user,
        scopes: Scopes::default(),
        expires_at: None,
    }
}

fn key_id(id: i64) -> KeyId {
    KeyId::try_from(id).unwrap()
}

fn create_for(user: Option<UserId>, failure: Option<RepositoryError>) -> Result<ApiKey, AppError> {
    let secret = Secret::of(&"s".repeat(Secret::RANDOM)).unwrap();
    let digest = secret.digest();
    let mut keys = MockKeyRepository::new();
    keys.expect_insert()
        .withf(move |_, given, hint, _| *given == digest && hint == "byl_ssss")
        .once()
        .returning(move |grant, _, hint, now| match &failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(ApiKey {
                id: key_id(1),
                hint: hint.to_owned(),
                grant: grant.clone(),
                created_at: now,
                revoked_at: None,
            }),
        });
    create(&mut session_with(keys), &grant(user), &secret, at(5))
}

#[test]
fn a_key_is_stored_by_its_digest() {
    let key = create_for(Some(user_id(1)), None).unwrap();
    assert_eq!(
        (key.created_at, key.grant),
        (at(5), grant(Some(user_id(1))))
    );
}

#[test]
fn a_key_of_a_missing_user_is_refused() {
    let missing = RepositoryError::MissingReference(USER);
    assert_not_found(create_for(Some(user_id(9)), Some(missing)), user_id(9));
    assert_failures_pass(|failure| create_for(None, Some(failure)));
}

#[test]
fn a_key_is_revoked_once() {
    for answer in [Some(true), Some(false), None] {
        let mut keys = MockKeyRepository::new();
        keys.expect_revoke()
            .with(eq(key_id(3)), eq(at(5)))
            .return_const(Ok(answer));
        let revoked = revoke(&mut session_with(keys), key_id(3), at(5));
        assert_eq!(revoked.unwrap(), answer);
    }
}

#[test]
fn uses_are_stored_in_order() {
    let mut order = Sequence::new();
    let mut keys = MockKeyRepository::new();
    for (id, micros) in [(1, 7), (2, 9)] {
        keys.expect_note_use()
            .with(eq(key_id(id)), eq(at(micros)))
            .once()
            .in_sequence(&mut order)
            .return_const(Ok(()));
    }
    let uses = [(key_id(1), at(7)), (key_id(2), at(9))];
    store_uses(&mut session_with(keys), &uses).unwrap();
}

#[test]
fn a_list_has_a_maximum_length() {
    let mut keys = MockKeyRepository::new();
    keys.expect_list()
        .with(eq(MAX_LISTED))
        .return_const(Ok(Vec::new()));
    assert!(list(&mut session_with(keys)).unwrap().is_empty());
}
