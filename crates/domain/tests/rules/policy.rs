use byline_domain::UserId;
use byline_domain::policy::{Action, Denial, Principal, Scope, Scopes, check};
use proptest::prelude::*;

fn id(number: i64) -> UserId {
    UserId::try_from(number).unwrap()
}

/// A caller who is user 1, with these scopes.
fn ada(scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal {
        user: Some(id(1)),
        scopes: scopes.into_iter().collect(),
    }
}

/// A caller who is no user, such as a machine with a key.
fn nobody(scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal {
        user: None,
        scopes: scopes.into_iter().collect(),
    }
}

/// Every kind of action, on what is user 1's and on what is user 2's.
const ACTIONS: [fn(UserId) -> Action; 5] = [
    |_| Action::ReadUsers,
    |_| Action::CreateUser,
    Action::ChangeUser,
    |_| Action::ReadPosts,
    Action::WritePost,
];

/// The rules once more, as a table: which scope an action needs, and whether
/// its object has an owner.
fn rule(action: Action) -> (Scope, Option<UserId>) {
    match action {
        Action::ReadUsers => (Scope::UsersRead, None),
        Action::CreateUser => (Scope::Admin, None),
        Action::ChangeUser(owner) => (Scope::UsersWrite, Some(owner)),
        Action::ReadPosts => (Scope::PostsRead, None),
        Action::WritePost(owner) => (Scope::PostsWrite, Some(owner)),
    }
}

#[test]
fn who_may_do_nothing_may_do_nothing() {
    for principal in [Principal::default(), ada([]), nobody([])] {
        for action in ACTIONS.map(|action| action(id(1))) {
            let (scope, _) = rule(action);
            assert_eq!(check(&principal, action), Err(Denial::MissingScope(scope)));
        }
    }
}

#[test]
fn an_action_needs_its_scope_and_no_other_will_do() {
    for action in ACTIONS.map(|action| action(id(1))) {
        let (needed, _) = rule(action);
        for scope in Scope::ALL {
            let may = scope == needed || scope == Scope::Admin;
            let expected = if may {
                Ok(())
            } else {
                Err(Denial::MissingScope(needed))
            };
            assert_eq!(
                check(&ada([scope]), action),
                expected,
                "{action:?} with {scope}"
            );
        }
    }
}

#[test]
fn a_caller_changes_the_user_it_is() {
    let ada = ada([Scope::UsersWrite]);
    assert_eq!(check(&ada, Action::ChangeUser(id(1))), Ok(()));
}

#[test]
fn a_caller_changes_no_other_user() {
    let ada = ada([Scope::UsersWrite]);
    assert_eq!(
        check(&ada, Action::ChangeUser(id(2))),
        Err(Denial::NotYours)
    );
}

#[test]
fn a_caller_writes_its_own_posts() {
    let ada = ada([Scope::PostsWrite]);
    assert_eq!(check(&ada, Action::WritePost(id(1))), Ok(()));
}

#[test]
fn a_caller_writes_no_posts_of_others() {
    let ada = ada([Scope::PostsWrite]);
    assert_eq!(check(&ada, Action::WritePost(id(2))), Err(Denial::NotYours));
}

#[test]
fn who_is_no_user_owns_nothing() {
    let nobody = nobody([Scope::UsersWrite, Scope::PostsWrite]);
    for action in [Action::ChangeUser(id(1)), Action::WritePost(id(1))] {
        assert_eq!(check(&nobody, action), Err(Denial::NotYours));
    }
}

#[test]
fn reads_are_not_bound_to_an_owner() {
    let nobody = nobody([Scope::UsersRead, Scope::PostsRead]);
    assert_eq!(check(&nobody, Action::ReadUsers), Ok(()));
    assert_eq!(check(&nobody, Action::ReadPosts), Ok(()));
}

#[test]
fn only_who_may_do_everything_creates_users() {
    let all_but_admin = Scope::ALL
        .into_iter()
        .filter(|&scope| scope != Scope::Admin);
    assert_eq!(
        check(&ada(all_but_admin), Action::CreateUser),
        Err(Denial::MissingScope(Scope::Admin))
    );
    assert_eq!(check(&nobody([Scope::Admin]), Action::CreateUser), Ok(()));
}

#[test]
fn admin_may_do_everything_to_everybody() {
    for principal in [
        Principal::unrestricted(),
        nobody([Scope::Admin]),
        ada([Scope::Admin]),
    ] {
        for action in ACTIONS.map(|action| action(id(2))) {
            assert_eq!(check(&principal, action), Ok(()), "{action:?}");
        }
    }
}

#[test]
fn a_missing_scope_is_told_before_a_foreign_owner() {
    assert_eq!(
        check(&ada([Scope::PostsWrite]), Action::ChangeUser(id(2))),
        Err(Denial::MissingScope(Scope::UsersWrite))
    );
}

#[test]
fn a_set_contains_just_the_scopes_that_it_was_made_of() {
    for scope in Scope::ALL {
        assert!(!Scopes::default().contain(scope));
        for other in Scope::ALL {
            let expected = other == scope || scope == Scope::Admin;
            assert_eq!(Scopes::from_iter([scope]).contain(other), expected);
        }
    }
}

#[test]
fn scopes_have_the_names_of_the_api() {
    let names = Scope::ALL.map(Scope::name);
    let expected = [
        "users:read",
        "users:write",
        "posts:read",
        "posts:write",
        "admin",
    ];
    assert_eq!(names, expected);
    assert_eq!(Scope::ALL.map(|scope| scope.to_string()), expected);
}

#[test]
fn a_denial_says_what_is_missing() {
    assert_eq!(
        Denial::MissingScope(Scope::PostsWrite).to_string(),
        "this needs the scope posts:write"
    );
    assert_eq!(Denial::NotYours.to_string(), "this belongs to another user");
}

/// Any caller: no user or one of two, any set of scopes.
fn any_principal() -> impl Strategy<Value = Principal> {
    let user = prop::option::of((1..=2_i64).prop_map(id));
    let scopes = prop::sample::subsequence(Scope::ALL.to_vec(), 0..=Scope::ALL.len());
    (user, scopes).prop_map(|(user, scopes)| Principal {
        user,
        scopes: scopes.into_iter().collect(),
    })
}

proptest! {
    #[test]
    fn every_answer_follows_from_scope_and_owner(
        principal in any_principal(),
        action in prop::sample::select(ACTIONS.to_vec()),
        owner in (1..=2_i64).prop_map(id),
    ) {
        let action = action(owner);
        let (scope, owner) = rule(action);
        let admin = principal.scopes.contain(Scope::Admin);
        let expected = if !principal.scopes.contain(scope) {
            Err(Denial::MissingScope(scope))
        } else if admin || owner.is_none() || owner == principal.user {
            Ok(())
        } else {
            Err(Denial::NotYours)
        };
        prop_assert_eq!(check(&principal, action), expected);
    }

    #[test]
    fn a_further_scope_never_takes_a_right_away(
        principal in any_principal(),
        further in prop::sample::select(Scope::ALL.to_vec()),
        action in prop::sample::select(ACTIONS.to_vec()),
    ) {
        let action = action(id(1));
        let held = Scope::ALL.into_iter().filter(|&scope| principal.scopes.contain(scope));
        let richer = Principal {
            scopes: held.chain([further]).collect(),
            ..principal
        };
        prop_assert!(check(&principal, action).is_err() || check(&richer, action).is_ok());
    }
}
