//! What sets users apart from the rows of other entities.

use byline_domain::policy::{Denial, Principal, Scope};
use mockall::predicate::eq;

use super::*;
use crate::fixtures::{
    ada, all_but, assert_conflict, assert_denied, assert_failures_pass, assert_not_found,
    assert_precondition_failed, assert_runs_again, at, caller, identity, new_user, posts,
    session_of, session_over, that_delete, that_lock, that_update, unlinked, user_id, users,
    version,
};
use crate::{Conflict, MockIdentityRepository, MockRepository, MockSession, Precondition, crud};

mod changes;
mod deletions;
mod identities;

#[test]
fn creating_a_user_takes_admin_before_the_store_is_asked() {
    let (mut none, principal) = (MockSession::new(), caller(1, all_but(Scope::Admin)));
    let denied = crud::create(&mut none, &principal, &new_user("Ada"), at(100));
    assert_denied(denied, Denial::MissingScope(Scope::Admin));
}

#[test]
fn a_new_user_cannot_have_the_address_of_another() {
    let mut rows = users();
    let duplicate = RepositoryError::Duplicate(UniqueKey::UserEmail);
    rows.expect_insert().times(1).return_const(Err(duplicate));
    let (mut session, principal) = (session_of(rows), Principal::unrestricted());
    let taken = crud::create(&mut session, &principal, &new_user("Ada"), at(100));
    assert_conflict(taken, Conflict::EmailTaken);
}

#[test]
fn addresses_that_differ_in_ascii_case_only_are_the_same() {
    let fields = |email: &str| UserFields {
        email: EmailAddress::parse(email).unwrap(),
        ..new_user("Ada")
    };
    assert_eq!(UserFields::UNIQUE_FIELD, Some("email"));
    assert_eq!(
        fields("Ada@example.org").unique_value(),
        fields("aDA@EXAMPLE.org").unique_value()
    );
    assert_ne!(
        fields("ada@example.org").unique_value(),
        fields("grace@example.org").unique_value()
    );
}
