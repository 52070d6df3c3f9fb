//! Batches that fail, and the operation that the error names.

use super::*;

#[test]
fn the_operation_with_the_taken_address_is_named() {
    let (mut users, mut posts) = (users(), posts());
    users
        .expect_insert_all()
        .once()
        .returning(|_, _| Err(RepositoryError::Duplicate(UniqueKey::UserEmail)));
    let taken = EmailAddress::parse("Bob@example.org").unwrap();
    users.expect_insert().returning(move |new, now| {
        if new.email == taken {
            return Err(RepositoryError::Duplicate(UniqueKey::UserEmail));
        }
        Ok(new.clone().created(user_id(11), now))
    });
    posts
        .expect_insert()
        .once()
        .returning(|new, now| Ok(new.clone().created(post_id(21), now)));
    let operations = [user("Ada"), post_by(0), user("Bob"), user("Bob")];
    let (index, error) = located_error(run_all(users, posts, &operations));
    assert_eq!(index, 2);
    assert!(matches!(error, AppError::Conflict(Conflict::EmailTaken)));
}

/// The store contradicts itself, which it should not do.
#[test]
fn rows_that_are_refused_together_may_be_stored_one_by_one() {
    let mut users = users();
    users
        .expect_insert_all()
        .returning(|_, _| Err(RepositoryError::Duplicate(UniqueKey::UserEmail)));
    users
        .expect_insert()
        .times(2)
        .returning(|new, now| Ok(new.clone().created(user_id(11), now)));
    let outcomes = run_all(users, posts(), &[user("Ada"), user("Bob")]).unwrap();
    assert_eq!(outcomes, [created(user_id(11)); 2]);
}

#[test]
fn the_operation_with_the_missing_author_is_named() {
    let (mut users, mut posts) = (users(), posts());
    insert_users_from_11(&mut users, 1);
    let missing = || RepositoryError::MissingReference(PostFields::AUTHOR);
    posts
        .expect_insert_all()
        .once()
        .returning(move |_, _| Err(missing()));
    posts.expect_insert().returning(move |new, now| {
        if new.user_id == user_id(404) {
            return Err(missing());
        }
        Ok(new.clone().created(post_id(21), now))
    });
    let operations = [post(1), user("Ada"), post_by(1), post(404), post(404)];
    let (index, error) = located_error(run_all(users, posts, &operations));
    assert_eq!(index, 3);
    assert!(matches!(
        error,
        AppError::Conflict(Conflict::ParentMissing(PostFields::AUTHOR, 404))
    ));
}

#[test]
fn the_first_operation_that_is_not_allowed_is_named() {
    let run_as = |principal: &Principal, users, posts, operations: &[Operation]| {
        run(
            &mut session_over(users, posts),
            principal,
            operations,
            at(5),
        )
    };
    // User 1 may write posts of its own and create no users.
    let one = caller(1, all_but(Scope::Admin));
    let operations = [post(1), user("Ada")];
    let (index, error) = located_error(run_as(&one, users(), that_insert_21(), &operations));
    assert_eq!(index, 1);
    assert!(matches!(error, AppError::Forbidden(_)));

    let operations = [post(1), post(2)];
    let (index, error) = located_error(run_as(&one, users(), that_insert_21(), &operations));
    assert_eq!(index, 1);
    assert!(matches!(error, AppError::Forbidden(_)));
}

#[test]
fn a_caller_that_is_not_linked_creates_one_user() {
    let principal = unlinked(all_but(Scope::Admin));
    let ada_then = |more: Operation| {
        let mut users = users();
        users
            .expect_insert()
            .once()
            .returning(|new, now| Ok(new.clone().created(user_id(1), now)));
        let mut posts = posts();
        posts
            .expect_insert()
            .returning(|new, now| Ok(new.clone().created(post_id(21), now)));
        posts.expect_insert_all().returning(|new, now| {
            let created = new.iter().map(|new| new.clone().created(post_id(21), now));
            Ok(created.collect())
        });
        let mut identities = MockIdentityRepository::new();
        identities.expect_insert().once().return_const(Ok(()));
        let mut session = session_over(users, posts);
        session.expect_identities().return_var(Box::new(identities));
        run(&mut session, &principal, &[user("Ada"), more], at(5))
    };
    // From then on it may write its own posts, and create no further user.
    assert_eq!(ada_then(post_by(0)).unwrap().len(), 2);
    let (index, error) = located_error(ada_then(user("Grace")));
    assert_eq!(index, 1);
    assert!(matches!(error, AppError::Forbidden(_)));
}

#[test]
fn the_error_of_a_single_operation_names_it() {
    let mut none = posts();
    none.expect_find().returning(|_| Ok(None));
    none.expect_find_for_update().returning(|_| Ok(None));
    let (index, error) = located_error(run_all(users(), none, &[delete_notes(Precondition::None)]));
    assert_eq!(index, 0);
    assert!(matches!(error, AppError::NotFound(row) if row == post_id(7).into()));

    let mut posts = posts();
    posts.expect_find().returning(|_| Ok(Some(notes())));
    posts
        .expect_find_for_update()
        .returning(|_| Ok(Some(notes())));
    posts.expect_delete().returning(|_, _| Ok(true));
    let operations = [
        delete_notes(Precondition::None),
        delete_notes(Precondition::OneOf(vec![version(9)])),
    ];
    let (index, error) = located_error(run_all(users(), posts, &operations));
    assert_eq!(index, 1);
    assert!(matches!(error, AppError::PreconditionFailed(_)));
}

#[test]
fn failures_of_the_store_name_no_operation() {
    let pairs = [
        vec![user("Ada"), user("Bob")],
        vec![post(1), post(1)],
        vec![user("Ada")],
        vec![post(1)],
    ];
    for operations in pairs {
        assert_failures_pass(|failure| {
            let (mut users, mut posts) = (users(), posts());
            users.expect_insert_all().return_const(Err(failure.clone()));
            users.expect_insert().return_const(Err(failure.clone()));
            posts.expect_insert_all().return_const(Err(failure.clone()));
            posts.expect_insert().return_const(Err(failure));
            run_all(users, posts, &operations)
        });
    }
}

#[test]
fn an_author_that_no_operation_creates_is_a_bug() {
    for operations in [vec![post_by(0)], vec![post_by(5), post(1)]] {
        let result = run_all(users(), posts(), &operations);
        assert!(matches!(result, Err(AppError::Internal(_))), "{result:?}");
    }
}

#[test]
fn a_store_that_creates_too_few_rows_has_a_bug() {
    let mut no_users = users();
    no_users
        .expect_insert_all()
        .returning(|_, _| Ok(Vec::new()));
    let result = run_all(no_users, posts(), &[user("Ada"), user("Bob")]);
    assert!(matches!(result, Err(AppError::Internal(_))));
    let mut no_posts = posts();
    no_posts
        .expect_insert_all()
        .returning(|_, _| Ok(Vec::new()));
    let result = run_all(users(), no_posts, &[post(1), post(2)]);
    assert!(matches!(result, Err(AppError::Internal(_))));
}
