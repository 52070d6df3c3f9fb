use super::*;

fn rename(name: &str) -> UserChange {
    UserChange {
        name: Some(UserName::parse(name).unwrap()),
        email: None,
    }
}

/// Ada after `rename("Countess")` at 200.
fn countess() -> User {
    User {
        name: UserName::parse("Countess").unwrap(),
        updated_at: at(200),
        version: version(2),
        ..ada()
    }
}

/// Patches Ada, with every right.
fn rename_ada(users: MockUserRepository, precondition: &Precondition) -> Result<User, AppError> {
    let mut session = session_of(users);
    let principal = Principal::unrestricted();
    let change = rename("Countess");
    patch(
        &mut session,
        &principal,
        user_id(1),
        &change,
        precondition,
        at(200),
    )
}

/// Users among whom Ada is found, and `update` answers so.
fn users_that_update(answer: Result<bool, RepositoryError>) -> MockUserRepository {
    let mut users = users_with_ada();
    users.expect_update().times(1).return_const(answer);
    users
}

#[test]
fn write_the_changed_user_over_the_version_that_was_read() {
    let mut users = users_with_ada();
    users
        .expect_update()
        .with(eq(countess()), eq(version(1)))
        .times(1)
        .return_const(Ok(true));
    assert_eq!(rename_ada(users, &Precondition::None).unwrap(), countess());
}

#[test]
fn of_the_address_leave_the_name() {
    let email = EmailAddress::parse("countess@example.org").unwrap();
    let change = UserChange {
        name: None,
        email: Some(email.clone()),
    };
    let (id, principal) = (user_id(1), Principal::unrestricted());
    let mut session = session_of(users_that_update(Ok(true)));
    let changed = patch(
        &mut session,
        &principal,
        id,
        &change,
        &Precondition::None,
        at(200),
    );
    let expected = User {
        email,
        updated_at: at(200),
        version: version(2),
        ..ada()
    };
    assert_eq!(changed.unwrap(), expected);
}

#[test]
fn of_every_field_are_a_replacement() {
    let grace = new_user("Grace");
    let expected = User {
        created_at: at(100),
        version: version(2),
        ..grace.clone().created(user_id(1), at(200))
    };
    let mut users = users_with_ada();
    users
        .expect_update()
        .with(eq(expected.clone()), eq(version(1)))
        .times(1)
        .return_const(Ok(true));
    let (id, principal) = (user_id(1), Principal::unrestricted());
    let mut session = session_of(users);
    let replaced = replace(
        &mut session,
        &principal,
        id,
        &grace,
        &Precondition::None,
        at(200),
    );
    assert_eq!(replaced.unwrap(), expected);
}

#[test]
fn are_open_to_the_user_itself() {
    let owner = caller(1, [Scope::UsersWrite]);
    let mut session = session_of(users_that_update(Ok(true)));
    let change = rename("Countess");
    let changed = patch(
        &mut session,
        &owner,
        user_id(1),
        &change,
        &Precondition::None,
        at(200),
    );
    assert_eq!(changed.unwrap(), countess());
}

#[test]
fn are_denied_before_the_store_is_asked() {
    for (principal, expected) in [
        (
            caller(1, all_but(Scope::UsersWrite)),
            Denial::MissingScope(Scope::UsersWrite),
        ),
        (caller(2, [Scope::UsersWrite]), Denial::NotYours),
    ] {
        let (id, any, mut none) = (user_id(1), Precondition::None, MockSession::new());
        let patched = patch(
            &mut none,
            &principal,
            id,
            &rename("Countess"),
            &any,
            at(200),
        );
        let replaced = replace(&mut none, &principal, id, &new_user("Grace"), &any, at(200));
        for denied in [patched, replaced] {
            assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
        }
    }
}

#[test]
fn name_the_user_that_does_not_exist() {
    let missing = rename_ada(users_that_find(Ok(None)), &Precondition::None);
    assert!(matches!(missing, Err(AppError::NotFound(EntityRef::User(id))) if id == user_id(1)));
}

#[test]
fn happen_in_a_version_that_was_named() {
    let precondition = Precondition::OneOf(vec![version(1)]);
    let changed = rename_ada(users_that_update(Ok(true)), &precondition);
    assert_eq!(changed.unwrap(), countess());
}

#[test]
fn do_not_happen_in_another_version() {
    let failed = rename_ada(users_with_ada(), &Precondition::OneOf(vec![version(2)]));
    assert!(matches!(
        failed,
        Err(AppError::PreconditionFailed(EntityRef::User(id))) if id == user_id(1)
    ));
}

#[test]
fn do_not_happen_in_the_last_version() {
    let last = User {
        version: Version::MAX,
        ..ada()
    };
    for (precondition, is_stale) in [
        (Precondition::None, false),
        (Precondition::OneOf(vec![Version::MAX]), false),
        (Precondition::OneOf(vec![version(1)]), true),
    ] {
        let refused = rename_ada(users_that_find(Ok(Some(last.clone()))), &precondition);
        let error = refused.unwrap_err();
        match error {
            AppError::PreconditionFailed(_) => assert!(is_stale),
            AppError::Conflict(Conflict::LastVersion(EntityRef::User(id))) => {
                assert!(!is_stale && id == user_id(1));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn that_find_the_version_gone_are_run_again() {
    let lost = rename_ada(users_that_update(Ok(false)), &Precondition::None);
    assert!(matches!(lost, Err(AppError::Contention(None))));
}

#[test]
fn tell_that_the_address_is_taken() {
    let duplicate = RepositoryError::Duplicate(UniqueKey::UserEmail);
    let taken = rename_ada(users_that_update(Err(duplicate)), &Precondition::None);
    assert!(matches!(
        taken,
        Err(AppError::Conflict(Conflict::EmailTaken))
    ));
}

#[test]
fn pass_failures_on() {
    assert_failures_pass(|failure| rename_ada(users_that_find(Err(failure)), &Precondition::None));
    assert_failures_pass(|failure| {
        rename_ada(users_that_update(Err(failure)), &Precondition::None)
    });
}
