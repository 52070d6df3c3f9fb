//! The user that a caller creates whose identity is not linked yet.

use super::*;

/// Creates user 1 at 100 in a session whose identities give `linked`; without it, they are
/// not asked.
fn create_ada(
    principal: &Principal,
    linked: Option<Result<(), RepositoryError>>,
) -> Result<User, AppError> {
    let mut rows = users();
    rows.expect_insert()
        .once()
        .returning(|new, now| Ok(new.clone().created(user_id(1), now)));
    let mut identities = MockIdentityRepository::new();
    if let Some(answer) = linked {
        identities
            .expect_insert()
            .with(eq(identity()), eq(user_id(1)), eq(at(100)))
            .once()
            .return_const(answer);
    }
    let mut session = session_of(rows);
    session.expect_identities().return_var(Box::new(identities));
    crud::create(&mut session, principal, &new_user("Ada"), at(100))
}

#[test]
fn the_identity_of_the_caller_is_linked_to_the_new_user() {
    let created = create_ada(&unlinked([Scope::UsersWrite]), Some(Ok(())));
    assert_eq!(created.unwrap(), ada());
}

#[test]
fn creating_the_own_user_takes_the_scope_to_write_users() {
    let principal = unlinked(all_but(Scope::UsersWrite));
    let mut session = session_of(users());
    let denied = crud::create(&mut session, &principal, &new_user("Ada"), at(100));
    assert_denied(denied, Denial::MissingScope(Scope::UsersWrite));
}

#[test]
fn a_caller_who_may_create_any_user_is_linked_to_none() {
    create_ada(&unlinked([Scope::Admin]), None).unwrap();
    create_ada(&Principal::unrestricted(), None).unwrap();
}

#[test]
fn an_identity_that_is_linked_meanwhile_makes_the_creation_run_again() {
    let taken = RepositoryError::Duplicate(UniqueKey::Identity);
    // The next attempt finds the identity linked.
    assert_runs_again(create_ada(&unlinked([Scope::UsersWrite]), Some(Err(taken))));
}

#[test]
fn failures_of_linking_pass() {
    assert_failures_pass(|failure| create_ada(&unlinked([Scope::UsersWrite]), Some(Err(failure))));
}
