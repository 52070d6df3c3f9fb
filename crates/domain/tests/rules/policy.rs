use byline_domain::UserId;
use byline_domain::policy::{Action, Caller, Denial, Identity, Principal, Scope, Scopes, check};
use proptest::prelude::*;

fn id(number: i64) -> UserId {
    UserId::try_from(number).unwrap()
}

/// Returns user 1 with these scopes.
fn ada(scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal {
        caller: Caller::User(id(1)),
        scopes: scopes.into_iter().collect(),
    }
}

/// Returns a caller that is no user, with these scopes.
fn machine(scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal {
        caller: Caller::Machine,
        scopes: scopes.into_iter().collect(),
    }
}

/// Returns a caller whose identity is not linked to a user, with these scopes.
fn unlinked(scopes: impl IntoIterator<Item = Scope>) -> Principal {
    Principal {
        caller: Caller::UnlinkedIdentity(Identity::from([7; Identity::LENGTH])),
        scopes: scopes.into_iter().collect(),
    }
}

/// Every kind of action, for an object of this owner.
const ACTIONS: [fn(UserId) -> Action; 6] = [
    |_| Action::Read(Scope::UsersRead),
    |_| Action::CreateUser,
    Action::ChangeUser,
    |_| Action::Read(Scope::PostsRead),
    |owner| Action::Write(Scope::PostsWrite, owner),
    |_| Action::WriteSome(Scope::PostsWrite),
];

/// Returns the scope that an action takes, and the owner of its object: the rules again, as a
/// table.
fn rule(caller: Caller, action: Action) -> (Scope, Option<UserId>) {
    match action {
        Action::Read(scope) | Action::WriteSome(scope) => (scope, None),
        Action::CreateUser if matches!(caller, Caller::UnlinkedIdentity(_)) => {
            (Scope::UsersWrite, None)
        }
        Action::CreateUser => (Scope::Admin, None),
        Action::ChangeUser(owner) => (Scope::UsersWrite, Some(owner)),
        Action::Write(scope, owner) => (scope, Some(owner)),
    }
}

#[test]
fn without_scopes_every_action_is_denied() {
    for principal in [ada([]), machine([]), unlinked([])] {
        for action in ACTIONS.map(|action| action(id(1))) {
            let (scope, _) = rule(principal.caller, action);
            assert_eq!(check(&principal, action), Err(Denial::MissingScope(scope)));
        }
    }
}

#[test]
fn a_caller_without_credential_is_asked_for_one() {
    for action in ACTIONS.map(|action| action(id(1))) {
        assert_eq!(
            check(&Principal::default(), action),
            Err(Denial::NoCredential)
        );
    }
}

#[test]
fn free_reading_allows_reads_only() {
    let anonymous = Principal::default().reading_freely();
    for action in ACTIONS.map(|action| action(id(1))) {
        let expected = match action {
            Action::Read(_) => Ok(()),
            _ => Err(Denial::NoCredential),
        };
        assert_eq!(check(&anonymous, action), expected, "{action:?}");
    }
    let writer = ada([Scope::PostsWrite]).reading_freely();
    assert_eq!(check(&writer, Action::Read(Scope::UsersRead)), Ok(()));
    assert_eq!(
        check(&writer, Action::Write(Scope::PostsWrite, id(1))),
        Ok(())
    );
    assert_eq!(
        check(&writer, Action::ChangeUser(id(1))),
        Err(Denial::MissingScope(Scope::UsersWrite))
    );
}

#[test]
fn an_unlinked_caller_may_create_its_user() {
    let unlinked = unlinked([Scope::UsersWrite]);
    assert_eq!(check(&unlinked, Action::CreateUser), Ok(()));
    assert_eq!(
        check(&unlinked, Action::ChangeUser(id(1))),
        Err(Denial::NotYours)
    );
    assert_eq!(unlinked.user(), None);
}

#[test]
fn an_action_takes_its_scope_and_no_other_suffices() {
    for action in ACTIONS.map(|action| action(id(1))) {
        let (needed, _) = rule(ada([]).caller, action);
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
    assert_eq!(check(&ada, Action::Write(Scope::PostsWrite, id(1))), Ok(()));
}

#[test]
fn a_caller_writes_no_posts_of_others() {
    let ada = ada([Scope::PostsWrite]);
    assert_eq!(
        check(&ada, Action::Write(Scope::PostsWrite, id(2))),
        Err(Denial::NotYours)
    );
}

#[test]
fn a_caller_that_is_no_user_owns_nothing() {
    let machine = machine([Scope::UsersWrite, Scope::PostsWrite]);
    for action in [
        Action::ChangeUser(id(1)),
        Action::Write(Scope::PostsWrite, id(1)),
    ] {
        assert_eq!(check(&machine, action), Err(Denial::NotYours));
    }
}

#[test]
fn reads_are_not_bound_to_an_owner() {
    let machine = machine([Scope::UsersRead, Scope::PostsRead]);
    assert_eq!(check(&machine, Action::Read(Scope::UsersRead)), Ok(()));
    assert_eq!(check(&machine, Action::Read(Scope::PostsRead)), Ok(()));
}

#[test]
fn creating_users_takes_admin() {
    let all_but_admin = Scope::ALL
        .into_iter()
        .filter(|&scope| scope != Scope::Admin);
    assert_eq!(
        check(&ada(all_but_admin), Action::CreateUser),
        Err(Denial::MissingScope(Scope::Admin))
    );
    assert_eq!(check(&machine([Scope::Admin]), Action::CreateUser), Ok(()));
}

#[test]
fn admin_may_do_everything_to_every_user() {
    for principal in [
        Principal::unrestricted(),
        machine([Scope::Admin]),
        ada([Scope::Admin]),
    ] {
        for action in ACTIONS.map(|action| action(id(2))) {
            assert_eq!(check(&principal, action), Ok(()), "{action:?}");
        }
    }
}

#[test]
fn a_missing_scope_is_reported_before_another_owner() {
    assert_eq!(
        check(&ada([Scope::PostsWrite]), Action::ChangeUser(id(2))),
        Err(Denial::MissingScope(Scope::UsersWrite))
    );
}

#[test]
fn a_set_contains_its_scopes_only_and_admin_contains_all() {
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
    for (scope, name) in [
        (Scope::UsersRead, "users:read"),
        (Scope::UsersWrite, "users:write"),
        (Scope::PostsRead, "posts:read"),
        (Scope::PostsWrite, "posts:write"),
        (Scope::Admin, "admin"),
    ] {
        assert_eq!((scope.name(), scope.to_string().as_str()), (name, name));
    }
}

#[test]
fn scopes_are_found_by_their_names_and_listed_in_order() {
    for scope in Scope::ALL {
        assert_eq!(Scope::named(scope.name()), Some(scope));
    }
    for other in [
        "",
        "Admin",
        "admin ",
        "users",
        "users:*",
        "users:read posts:read",
    ] {
        assert_eq!(Scope::named(other), None);
    }
    let some = Scopes::from_iter([Scope::PostsWrite, Scope::UsersRead]);
    assert_eq!(some.to_string(), "users:read posts:write");
    assert_eq!(Scopes::default().to_string(), "");
}

#[test]
fn an_identity_is_not_printed_in_full() {
    let text = format!("{:?}", Identity::from([0xab; Identity::LENGTH]));
    assert_eq!(text, "Identity(abab…)");
}

#[test]
fn a_denial_says_what_is_missing() {
    assert_eq!(
        Denial::MissingScope(Scope::PostsWrite).to_string(),
        "this needs the scope posts:write"
    );
    assert_eq!(Denial::NotYours.to_string(), "this belongs to another user");
}

/// Generates principals: anonymous, no user, or one of two users, with any set of scopes.
fn any_principal() -> impl Strategy<Value = Principal> {
    let caller = prop_oneof![
        Just(Caller::Anonymous),
        Just(Caller::Machine),
        Just(unlinked([]).caller),
        (1..=2_i64).prop_map(|user| Caller::User(id(user))),
    ];
    let scopes = prop::sample::subsequence(Scope::ALL.to_vec(), 0..=Scope::ALL.len());
    (caller, scopes).prop_map(|(caller, scopes)| Principal {
        caller,
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
        let (scope, owner) = rule(principal.caller, action);
        let admin = principal.scopes.contain(Scope::Admin);
        let expected = if !principal.scopes.contain(scope) {
            Err(match principal.caller {
                Caller::Anonymous => Denial::NoCredential,
                _ => Denial::MissingScope(scope),
            })
        } else if admin || owner.is_none() || owner == principal.user() {
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
