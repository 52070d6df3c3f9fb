use byline_domain::{Stored, UserChange, UserName};

use super::*;

fn rename() -> UserChange {
    UserChange {
        name: Some(UserName::parse("Countess").unwrap()),
        email: None,
    }
}

/// Patches user 1 at 200.
fn patch_ada(
    rows: MockRepository<UserFields>,
    principal: &Principal,
    change: &UserChange,
) -> Result<User, AppError> {
    let (mut session, any) = (session_of(rows), Precondition::None);
    crud::patch(&mut session, principal, user_id(1), change, &any, at(200))
}

#[test]
fn a_change_of_the_address_leaves_the_name() {
    let email = EmailAddress::parse("countess@example.org").unwrap();
    let change = UserChange {
        name: None,
        email: Some(email.clone()),
    };
    let changed = patch_ada(that_update(Ok(true)), &Principal::unrestricted(), &change);
    let expected = Stored {
        fields: UserFields {
            email,
            ..ada().fields
        },
        updated_at: at(200),
        version: version(2),
        ..ada()
    };
    assert_eq!(changed.unwrap(), expected);
}

#[test]
fn users_may_change_themselves() {
    let owner = caller(1, [Scope::UsersWrite]);
    let changed = patch_ada(that_update(Ok(true)), &owner, &rename()).unwrap();
    assert_eq!(changed, ada().changed(rename(), at(200)).unwrap());
}

#[test]
fn changing_another_user_is_denied_before_the_store_is_asked() {
    let (mut none, principal) = (MockSession::new(), caller(2, [Scope::UsersWrite]));
    let (id, any) = (user_id(1), Precondition::None);
    let patched = crud::patch(&mut none, &principal, id, &rename(), &any, at(200));
    assert_denied(patched, Denial::NotYours);
    let new = new_user("Grace");
    let replaced = crud::replace(&mut none, &principal, id, &new, &any, at(200));
    assert_denied(replaced, Denial::NotYours);
}

#[test]
fn a_changed_user_cannot_have_the_address_of_another() {
    let duplicate = RepositoryError::Duplicate(UniqueKey::UserEmail);
    let rows = that_update(Err(duplicate));
    let taken = patch_ada(rows, &Principal::unrestricted(), &rename());
    assert_conflict(taken, Conflict::EmailTaken);
}
