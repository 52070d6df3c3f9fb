use std::sync::Arc;

use byline_domain::policy::Scope;
use byline_domain::{ApiKey, KeyId, KeyName, NewApiKey, UserId};
use mockall::predicate::{always, eq};

use super::*;
use crate::fixtures::{assert_failures_pass, at, user_id};
use crate::keys::Found;
use crate::{MockIdentityRepository, MockKeyRepository, MockSession, RepositoryError};

fn keys_only() -> Authentication {
    Authentication {
        keys: Some(Arc::default()),
        ..Authentication::default()
    }
}

fn tokens_only(verifier: MockTokenVerifier) -> Authentication {
    Authentication {
        tokens: Some(Arc::new(verifier)),
        ..Authentication::default()
    }
}

fn secret() -> Secret {
    Secret::of(&"s".repeat(Secret::RANDOM)).unwrap()
}

fn identity() -> Identity {
    Identity::from([7; Identity::LENGTH])
}

fn token() -> Token {
    Token {
        identity: identity(),
        scopes: Scopes::from_iter([Scope::UsersWrite]),
    }
}

/// Key 1, which ends at 100.
fn key(user: Option<UserId>) -> ApiKey {
    ApiKey {
        id: KeyId::try_from(1).unwrap(),
        hint: secret().hint().to_owned(),
        grant: NewApiKey {
            name: KeyName::parse("import").unwrap(),
            user,
            scopes: Scopes::from_iter([Scope::PostsWrite]),
            expires_at: Some(at(100)),
        },
        created_at: at(1),
        revoked_at: None,
    }
}

/// A session whose keys answer so, once.
fn session_with_key(answer: Result<Option<Found>, RepositoryError>) -> MockSession {
    let mut keys = MockKeyRepository::new();
    keys.expect_find()
        .with(eq(secret().digest()), always())
        .once()
        .return_const(answer);
    let mut session = MockSession::new();
    session.expect_keys().return_var(Box::new(keys));
    session
}

fn session_with_identity(answer: Result<Option<Linked>, RepositoryError>) -> MockSession {
    let mut identities = MockIdentityRepository::new();
    identities
        .expect_find()
        .with(eq(identity()), always())
        .once()
        .return_const(answer);
    let mut session = MockSession::new();
    session.expect_identities().return_var(Box::new(identities));
    session
}

fn found(key: ApiKey) -> Result<Option<Found>, RepositoryError> {
    let secret = secret().digest();
    Ok(Some(Found { key, secret }))
}

/// Who shows the key to a session, at the moment `now`.
fn holder(
    authentication: &Authentication,
    mut session: MockSession,
    now: i64,
) -> Result<Principal, AppError> {
    let credential = Credential::Key(secret().digest());
    authentication.principal(&mut session, &credential, RowLock::UntilTheEnd, at(now))
}

fn refusal<T: std::fmt::Debug>(ending: Result<T, AppError>) -> CredentialError {
    match ending {
        Err(AppError::Unauthenticated(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_nobody_is_asked_everybody_is_the_operator() {
    let off = Authentication::default();
    assert!(off.is_off());
    for shown in [None, Some("nonsense"), Some(secret().reveal())] {
        let credential = off.recognise(shown, at(1)).unwrap();
        assert_eq!(credential, Credential::NotAsked);
        // The session is not asked either.
        let who = off.principal(
            &mut MockSession::new(),
            &credential,
            RowLock::Released,
            at(1),
        );
        assert_eq!(who.unwrap(), Principal::unrestricted());
    }
}

#[test]
fn who_shows_nothing_is_nobody() {
    let mut authentication = keys_only();
    let credential = authentication.recognise(None, at(1)).unwrap();
    assert_eq!(credential, Credential::Nothing);
    let who = |authentication: &Authentication| {
        let session = &mut MockSession::new();
        authentication.principal(session, &Credential::Nothing, RowLock::Released, at(1))
    };
    assert_eq!(who(&authentication).unwrap(), Principal::default());
    authentication.public_reads = true;
    let reader = who(&authentication).unwrap();
    assert_eq!(reader, Principal::default().reading_freely());
}

#[test]
fn what_cannot_be_right_is_refused_without_a_session() {
    let keys = keys_only();
    let damaged = secret().reveal().replace("ssss", "sSss");
    for (text, expected) in [
        (damaged.as_str(), CredentialError::DamagedKey),
        ("byl_", CredentialError::DamagedKey),
        ("a.b.c", CredentialError::TokensNotTaken),
        ("", CredentialError::TokensNotTaken),
    ] {
        assert_eq!(keys.recognise(Some(text), at(1)), Err(expected), "{text}");
    }
    let tokens = tokens_only(MockTokenVerifier::new());
    assert_eq!(
        tokens.recognise(Some(secret().reveal()), at(1)),
        Err(CredentialError::KeysNotTaken)
    );
}

#[test]
fn a_key_is_known_by_its_digest_only() {
    let credential = keys_only().recognise(Some(secret().reveal()), at(1));
    assert_eq!(credential, Ok(Credential::Key(secret().digest())));
}

#[test]
fn a_token_is_judged_by_the_verifier() {
    let mut verifier = MockTokenVerifier::new();
    verifier
        .expect_verify()
        .with(eq("a.b.c"), eq(at(5)))
        .once()
        .return_const(Ok(token()));
    verifier
        .expect_verify()
        .return_const(Err(TokenRefusal::Signature));
    let authentication = tokens_only(verifier);
    let judge = |text| authentication.recognise(Some(text), at(5));
    assert_eq!(judge("a.b.c"), Ok(Credential::Token(token())));
    let refused = CredentialError::Token(TokenRefusal::Signature);
    assert_eq!(judge("d.e.f"), Err(refused));
}

#[test]
fn a_key_speaks_for_its_user_or_for_none() {
    for (user, caller) in [
        (Some(user_id(3)), Caller::User(user_id(3))),
        (None, Caller::Machine),
    ] {
        let who = holder(&keys_only(), session_with_key(found(key(user))), 99).unwrap();
        assert_eq!(who.caller, caller);
        assert_eq!(who.scopes, key(user).grant.scopes);
    }
}

#[test]
fn a_key_that_is_of_no_use_is_refused() {
    let revoked = ApiKey {
        revoked_at: Some(at(2)),
        ..key(None)
    };
    // As if the store had found another row than it was asked for.
    let other = Found {
        key: key(None),
        secret: Digest::plain(b"other"),
    };
    for (answer, now, expected) in [
        (Ok(None), 5, CredentialError::UnknownKey),
        (Ok(Some(other)), 5, CredentialError::UnknownKey),
        (
            found(key(None)),
            100,
            CredentialError::KeyEnded(KeyEnded::Expired),
        ),
        (
            found(revoked),
            5,
            CredentialError::KeyEnded(KeyEnded::Revoked),
        ),
    ] {
        let authentication = keys_only();
        let ending = holder(&authentication, session_with_key(answer), now);
        assert_eq!(refusal(ending), expected);
        // No use to be noted.
        assert!(authentication.keys.unwrap().take().is_empty());
    }
}

#[test]
fn a_use_is_noted() {
    let authentication = keys_only();
    holder(&authentication, session_with_key(found(key(None))), 99).unwrap();
    let uses = authentication.keys.unwrap().take().concat();
    assert_eq!(uses, [(key(None).id, at(99))]);
}

#[test]
fn a_token_speaks_for_the_user_that_it_is_linked_to() {
    let who = |linked| {
        let authentication = tokens_only(MockTokenVerifier::new());
        let session = &mut session_with_identity(Ok(linked));
        let credential = Credential::Token(token());
        authentication.principal(session, &credential, RowLock::Released, at(1))
    };
    let ada = who(Some(Linked::To(user_id(1)))).unwrap();
    assert_eq!(ada.caller, Caller::User(user_id(1)));
    assert_eq!(ada.scopes, token().scopes);
    assert_eq!(
        who(None).unwrap().caller,
        Caller::UnlinkedIdentity(identity())
    );
    assert_eq!(
        refusal(who(Some(Linked::ToDeleted))),
        CredentialError::UserDeleted
    );
}

#[test]
fn the_store_is_told_whether_to_hold_what_it_finds() {
    for hold in [RowLock::Released, RowLock::UntilTheEnd] {
        let mut keys = MockKeyRepository::new();
        keys.expect_find()
            .with(always(), eq(hold))
            .once()
            .return_const(found(key(None)));
        let mut session = MockSession::new();
        session.expect_keys().return_var(Box::new(keys));
        let credential = Credential::Key(secret().digest());
        let who = keys_only().principal(&mut session, &credential, hold, at(1));
        who.unwrap();
    }
}

#[test]
fn failures_of_the_store_are_passed_on() {
    assert_failures_pass(|failure| holder(&keys_only(), session_with_key(Err(failure)), 1));
    assert_failures_pass(|failure| {
        let authentication = tokens_only(MockTokenVerifier::new());
        let session = &mut session_with_identity(Err(failure));
        let credential = Credential::Token(token());
        authentication.principal(session, &credential, RowLock::Released, at(1))
    });
}
