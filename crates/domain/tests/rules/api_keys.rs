use byline_domain::policy::{Caller, Scope, Scopes};
use byline_domain::{ApiKey, KeyEnded, KeyId, KeyName, NewApiKey, Timestamp, UserId, Violation};

use crate::broken;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

/// A key of user 1 that ends at 100.
fn key() -> ApiKey {
    ApiKey {
        id: KeyId::try_from(1).unwrap(),
        hint: "byl_abcd".to_owned(),
        grant: NewApiKey {
            name: KeyName::parse("importer").unwrap(),
            user: Some(UserId::try_from(1).unwrap()),
            scopes: Scopes::from_iter([Scope::PostsRead]),
            expires_at: Some(at(100)),
        },
        created_at: at(1),
        revoked_at: None,
    }
}

#[test]
fn a_key_acts_for_its_user_or_for_none() {
    let mut key = key();
    let principal = key.principal(at(99)).unwrap();
    assert_eq!(principal.caller, Caller::User(UserId::try_from(1).unwrap()));
    assert_eq!(principal.scopes, key.grant.scopes);
    key.grant.user = None;
    assert_eq!(key.principal(at(99)).unwrap().caller, Caller::Machine);
}

#[test]
fn a_key_expires_at_the_moment_that_was_set() {
    let mut key = key();
    assert_eq!(key.principal(at(100)), Err(KeyEnded::Expired));
    key.grant.expires_at = None;
    assert!(key.principal(Timestamp::MAX).is_ok());
}

#[test]
fn a_key_that_was_revoked_never_works_again() {
    let mut key = key();
    key.revoked_at = Some(at(50));
    for now in [1, 50, 99, 100] {
        assert_eq!(key.principal(at(now)), Err(KeyEnded::Revoked));
    }
}

#[test]
fn names_of_keys_are_short_lines() {
    assert_eq!(
        KeyName::parse("nightly import").unwrap().as_str(),
        "nightly import"
    );
    assert_eq!(broken(KeyName::parse(" ")), [Violation::Blank]);
    let (max, actual) = (KeyName::MAX_CHARS, KeyName::MAX_CHARS + 1);
    assert_eq!(
        broken(KeyName::parse("x".repeat(actual))),
        [Violation::TooLong { max, actual }]
    );
    assert!(matches!(
        broken(KeyName::parse("a\u{1b}b"))[..],
        [Violation::ControlCharacter { position: 1, .. }]
    ));
}
