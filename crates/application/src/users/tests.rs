use byline_domain::policy::{Denial, Principal, Scope};
use byline_domain::{EmailAddress, User, UserChange, UserName, Version};
use mockall::Sequence;
use mockall::predicate::eq;

use super::{Posts, count, create, delete, list, patch, read, replace};
use crate::fixtures::{
    ada, all_but, assert_failures_pass, at, caller, new_user, session_over, user_id, version,
};
use crate::{
    AppError, Conflict, Direction, EntityRef, Limit, MockPostRepository, MockSession,
    MockUserRepository, Page, Precondition, Reference, RepositoryError, Seek, UniqueKey, UserOrder,
    UserQuery,
};

mod changes;
mod deletions;
mod newcomers;

/// A session over users only: the posts are not asked.
fn session_of(users: MockUserRepository) -> MockSession {
    session_over(users, MockPostRepository::new())
}

/// Users among whom `find` finds Ada, as each change begins.
fn users_with_ada() -> MockUserRepository {
    let mut users = MockUserRepository::new();
    users
        .expect_find()
        .with(eq(user_id(1)))
        .times(1)
        .return_const(Ok(Some(ada())));
    users
}

/// Users among whom `find` fails, or finds nobody.
fn users_that_find(answer: Result<Option<User>, RepositoryError>) -> MockUserRepository {
    let mut users = MockUserRepository::new();
    users.expect_find().times(1).return_const(answer);
    users
}

fn first_page() -> UserQuery {
    UserQuery {
        email: None,
        order: UserOrder::Id(Seek::First),
        direction: Direction::Ascending,
        limit: Limit::default(),
    }
}

mod lists {
    use super::*;

    #[test]
    fn give_the_page_of_the_store() {
        let page = Page {
            items: vec![ada()],
            more: true,
        };
        let mut users = MockUserRepository::new();
        users
            .expect_list()
            .with(eq(first_page()))
            .times(1)
            .return_const(Ok(page.clone()));
        let reader = caller(2, [Scope::UsersRead]);
        assert_eq!(
            list(&mut session_of(users), &reader, &first_page()).unwrap(),
            page
        );
    }

    #[test]
    fn need_the_scope_before_the_store_is_asked() {
        let principal = caller(1, all_but(Scope::UsersRead));
        let denied = list(&mut MockSession::new(), &principal, &first_page());
        let expected = Denial::MissingScope(Scope::UsersRead);
        assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
        let denied = count(&mut MockSession::new(), &principal, &first_page());
        assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
    }

    #[test]
    fn are_counted() {
        let mut users = MockUserRepository::new();
        users
            .expect_count()
            .with(eq(first_page()))
            .times(1)
            .return_const(Ok(17));
        let reader = caller(2, [Scope::UsersRead]);
        let counted = count(&mut session_of(users), &reader, &first_page());
        assert_eq!(counted.unwrap(), 17);
    }

    #[test]
    fn pass_failures_on() {
        let principal = Principal::unrestricted();
        assert_failures_pass(|failure| {
            let mut users = MockUserRepository::new();
            users.expect_count().return_const(Err(failure));
            count(&mut session_of(users), &principal, &first_page())
        });
        assert_failures_pass(|failure| {
            let mut users = MockUserRepository::new();
            users.expect_list().return_const(Err(failure));
            list(
                &mut session_of(users),
                &Principal::unrestricted(),
                &first_page(),
            )
        });
    }
}

mod reads {
    use super::*;

    #[test]
    fn give_the_user() {
        let reader = caller(2, [Scope::UsersRead]);
        let found = read(&mut session_of(users_with_ada()), &reader, user_id(1));
        assert_eq!(found.unwrap(), ada());
    }

    #[test]
    fn name_the_user_that_does_not_exist() {
        let mut session = session_of(users_that_find(Ok(None)));
        let missing = read(&mut session, &Principal::unrestricted(), user_id(9));
        assert!(
            matches!(missing, Err(AppError::NotFound(EntityRef::User(id))) if id == user_id(9))
        );
    }

    #[test]
    fn need_the_scope_before_the_store_is_asked() {
        let principal = caller(1, all_but(Scope::UsersRead));
        let denied = read(&mut MockSession::new(), &principal, user_id(1));
        let expected = Denial::MissingScope(Scope::UsersRead);
        assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
    }

    #[test]
    fn pass_failures_on() {
        assert_failures_pass(|failure| {
            let mut session = session_of(users_that_find(Err(failure)));
            read(&mut session, &Principal::unrestricted(), user_id(1))
        });
    }
}

mod creations {
    use super::*;

    fn create_failing(failure: RepositoryError) -> Result<User, AppError> {
        let mut users = MockUserRepository::new();
        users.expect_insert().times(1).return_const(Err(failure));
        let principal = Principal::unrestricted();
        create(
            &mut session_of(users),
            &principal,
            &new_user("Ada"),
            at(100),
        )
    }

    #[test]
    fn insert_the_user_at_the_present_moment() {
        let mut users = MockUserRepository::new();
        users
            .expect_insert()
            .with(eq(new_user("Ada")), eq(at(100)))
            .times(1)
            .return_const(Ok(ada()));
        let principal = Principal::unrestricted();
        let created = create(
            &mut session_of(users),
            &principal,
            &new_user("Ada"),
            at(100),
        );
        assert_eq!(created.unwrap(), ada());
    }

    #[test]
    fn need_admin_before_the_store_is_asked() {
        let principal = caller(1, all_but(Scope::Admin));
        let denied = create(
            &mut MockSession::new(),
            &principal,
            &new_user("Ada"),
            at(100),
        );
        let expected = Denial::MissingScope(Scope::Admin);
        assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
    }

    #[test]
    fn tell_that_the_address_is_taken() {
        let taken = create_failing(RepositoryError::Duplicate(UniqueKey::UserEmail));
        assert!(matches!(
            taken,
            Err(AppError::Conflict(Conflict::EmailTaken))
        ));
    }

    #[test]
    fn pass_failures_on() {
        assert_failures_pass(create_failing);
    }
}
