//! The first user that a caller creates whom only the issuer of tokens knows.

use byline_domain::policy::{Caller, Identity};

use super::*;
use crate::MockIdentityRepository;

fn newcomer(scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal {
        caller: Caller::UnlinkedIdentity(Identity::from([7; Identity::LENGTH])),
        scopes: scopes.into_iter().collect(),
    }
}

/// Creates Ada in a session whose identities answer so; they are not asked
/// without an answer.
fn create_ada(
    principal: &Principal,
    linked: Option<Result<(), RepositoryError>>,
) -> Result<User, AppError> {
    let mut users = MockUserRepository::new();
    users
        .expect_insert()
        .once()
        .returning(|new, now| Ok(new.clone().created(user_id(1), now)));
    let mut identities = MockIdentityRepository::new();
    if let Some(answer) = linked {
        identities
            .expect_insert()
            .with(
                eq(Identity::from([7; Identity::LENGTH])),
                eq(user_id(1)),
                eq(at(100)),
            )
            .once()
            .return_const(answer);
    }
    let mut session = session_of(users);
    session.expect_identities().return_var(Box::new(identities));
    create(&mut session, principal, &new_user("Ada"), at(100))
}

#[test]
fn is_the_caller_from_then_on() {
    let created = create_ada(&newcomer([Scope::UsersWrite]), Some(Ok(())));
    assert_eq!(created.unwrap(), ada());
}

#[test]
fn takes_the_scope_to_write_users() {
    let poor = newcomer(all_but(Scope::UsersWrite));
    let denied = create(
        &mut session_of(MockUserRepository::new()),
        &poor,
        &new_user("Ada"),
        at(100),
    );
    assert!(matches!(
        denied,
        Err(AppError::Forbidden(Denial::MissingScope(Scope::UsersWrite)))
    ));
}

#[test]
fn is_not_the_caller_who_may_create_users_at_will() {
    create_ada(&newcomer([Scope::Admin]), None).unwrap();
    create_ada(&Principal::unrestricted(), None).unwrap();
}

#[test]
fn is_created_once_however_many_want_it_at_the_same_time() {
    let taken = RepositoryError::Duplicate(UniqueKey::Identity);
    let lost = create_ada(&newcomer([Scope::UsersWrite]), Some(Err(taken)));
    // The next attempt finds the identity linked.
    assert!(matches!(lost, Err(AppError::Contention(None))));
}
