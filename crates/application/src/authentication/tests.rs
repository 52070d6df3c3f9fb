use std::sync::Arc;

use byline_domain::policy::Scope;
use byline_domain::{ApiKey, KeyId, KeyName, NewApiKey, UserId};
use mockall::predicate::{always, eq};

use super::*;
use crate::fixtures::{assert_failures_pass, at, identity, user_id};
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

fn token() -> Token {
    Token {
        identity: identity(),
        scopes: Scopes::from_iter([Scope::UsersWrite]),
    }
}

/// Returns key 1, which expires at 100.
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

/// Returns a session whose keys give `answer`, once.
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

/// Returns the principal of the key, at the moment `now`.
fn key_principal(
    authentication: &Authentication,
    mut session: MockSession,
    now: i64,
) -> Result<Principal, AppError> {
    let credential = Credential::Key(secret().digest());
    authentication.principal(&mut session, &credential, RowLock::UntilTheEnd, at(now))
}

fn refusal<T: std::fmt::Debug>(result: Result<T, AppError>) -> CredentialError {
    match result {
        Err(AppError::Unauthenticated(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_authentication_every_caller_is_the_operator() {
    let off = Authentication::default();
    assert!(off.is_off());
    for text in [None, Some("nonsense"), Some(secret().reveal())] {
        let credential = off.recognise(text, at(1)).unwrap();
        assert_eq!(credential, Credential::NotAsked);
        // The session is not asked either.
        let principal = off.principal(
            &mut MockSession::new(),
            &credential,
            RowLock::Released,
            at(1),
        );
        assert_eq!(principal.unwrap(), Principal::unrestricted());
    }
}

#[test]
fn a_caller_without_credential_is_anonymous() {
    let mut authentication = keys_only();
    let credential = authentication.recognise(None, at(1)).unwrap();
    assert_eq!(credential, Credential::Nothing);
    let principal = |authentication: &Authentication| {
        let session = &mut MockSession::new();
        authentication.principal(session, &Credential::Nothing, RowLock::Released, at(1))
    };
    assert_eq!(principal(&authentication).unwrap(), Principal::default());
    authentication.public_reads = true;
    let reader = principal(&authentication).unwrap();
    assert_eq!(reader, Principal::default().reading_freely());
}

#[test]
fn malformed_credentials_are_refused_without_a_session() {
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
fn a_recognised_key_is_its_digest() {
    let credential = keys_only().recognise(Some(secret().reveal()), at(1));
    assert_eq!(credential, Ok(Credential::Key(secret().digest())));
}

#[test]
fn the_verifier_accepts_or_refuses_a_token() {
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
    let recognise = |text| authentication.recognise(Some(text), at(5));
    assert_eq!(recognise("a.b.c"), Ok(Credential::Token(token())));
    let refused = CredentialError::Token(TokenRefusal::Signature);
    assert_eq!(recognise("d.e.f"), Err(refused));
}

#[test]
fn a_key_acts_for_its_user_or_for_none() {
    for (user, caller) in [
        (Some(user_id(3)), Caller::User(user_id(3))),
        (None, Caller::Machine),
    ] {
        let principal =
            key_principal(&keys_only(), session_with_key(found(key(user))), 99).unwrap();
        assert_eq!(principal.caller, caller);
        assert_eq!(principal.scopes, key(user).grant.scopes);
    }
}

#[test]
fn unknown_revoked_and_expired_keys_are_refused() {
    let revoked = ApiKey {
        revoked_at: Some(at(2)),
        ..key(None)
    };
    // As if the store had found another row than the requested one.
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
        let result = key_principal(&authentication, session_with_key(answer), now);
        assert_eq!(refusal(result), expected);
        // Its use is not recorded.
        assert!(authentication.keys.unwrap().take().is_empty());
    }
}

#[test]
fn the_use_of_a_key_is_recorded() {
    let authentication = keys_only();
    key_principal(&authentication, session_with_key(found(key(None))), 99).unwrap();
    let uses = authentication.keys.unwrap().take().concat();
    assert_eq!(uses, [(key(None).id, at(99))]);
}

#[test]
fn a_token_acts_for_the_user_to_which_it_is_linked() {
    let principal = |linked| {
        let authentication = tokens_only(MockTokenVerifier::new());
        let session = &mut session_with_identity(Ok(linked));
        let credential = Credential::Token(token());
        authentication.principal(session, &credential, RowLock::Released, at(1))
    };
    let ada = principal(Some(Linked::To(user_id(1)))).unwrap();
    assert_eq!(ada.caller, Caller::User(user_id(1)));
    assert_eq!(ada.scopes, token().scopes);
    assert_eq!(
        principal(None).unwrap().caller,
        Caller::UnlinkedIdentity(identity())
    );
    assert_eq!(
        refusal(principal(Some(Linked::ToDeleted))),
        CredentialError::UserDeleted
    );
}

#[test]
fn the_lock_reaches_the_repository() {
    for lock in [RowLock::Released, RowLock::UntilTheEnd] {
        let mut keys = MockKeyRepository::new();
        keys.expect_find()
            .with(always(), eq(lock))
            .once()
            .return_const(found(key(None)));
        let mut session = MockSession::new();
        session.expect_keys().return_var(Box::new(keys));
        let credential = Credential::Key(secret().digest());
        let principal = keys_only().principal(&mut session, &credential, lock, at(1));
        principal.unwrap();
    }
}

#[test]
fn failures_of_the_store_are_passed_on() {
    assert_failures_pass(|failure| key_principal(&keys_only(), session_with_key(Err(failure)), 1));
    assert_failures_pass(|failure| {
        let authentication = tokens_only(MockTokenVerifier::new());
        let session = &mut session_with_identity(Err(failure));
        let credential = Credential::Token(token());
        authentication.principal(session, &credential, RowLock::Released, at(1))
    });
}
