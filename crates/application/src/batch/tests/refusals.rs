//! Batches that are refused, and by which of their operations.

use super::*;

#[test]
fn a_taken_address_is_found_among_many() {
    let (mut users, mut posts) = (nobody(), nothing());
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
    let operations = [
        user("Ada"),
        post(Author::CreatedBy(0)),
        user("Bob"),
        user("Bob"),
    ];
    let (index, error) = place(run_all(users, posts, &operations));
    assert_eq!(index, 2);
    assert!(matches!(error, AppError::Conflict(Conflict::EmailTaken)));
}

/// Which it is not supposed to do.
#[test]
fn a_store_that_takes_one_by_one_what_it_refused_together_is_believed() {
    let mut users = nobody();
    users
        .expect_insert_all()
        .returning(|_, _| Err(RepositoryError::Duplicate(UniqueKey::UserEmail)));
    users
        .expect_insert()
        .times(2)
        .returning(|new, now| Ok(new.clone().created(user_id(11), now)));
    let done = run_all(users, nothing(), &[user("Ada"), user("Bob")]).unwrap();
    assert_eq!(done, [created(EntityRef::User(user_id(11))); 2]);
}

#[test]
fn a_missing_author_is_found_among_many() {
    let (mut users, mut posts) = (nobody(), nothing());
    users_from_11(&mut users, 1);
    let missing = || RepositoryError::MissingReference(Reference::PostAuthor);
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
    let operations = [
        post(known(1)),
        user("Ada"),
        post(Author::CreatedBy(1)),
        post(known(404)),
        post(known(404)),
    ];
    let (index, error) = place(run_all(users, posts, &operations));
    assert_eq!(index, 3);
    assert!(matches!(
        error,
        AppError::Conflict(Conflict::AuthorMissing(id)) if id == user_id(404)
    ));
}

/// Takes one post in, under id 21.
fn one_post() -> MockPostRepository {
    let mut posts = nothing();
    posts
        .expect_insert()
        .once()
        .returning(|new, now| Ok(new.clone().created(post_id(21), now)));
    posts
}

#[test]
fn the_first_that_is_not_allowed_is_named() {
    let run_as = |principal: &Principal, users, posts, operations: &[Operation]| {
        run(
            &mut session_over(users, posts),
            principal,
            operations,
            at(5),
        )
    };
    // User 1 may write posts of its own and create nobody.
    let one = caller(1, all_but(Scope::Admin));
    let operations = [post(known(1)), user("Ada")];
    let (index, error) = place(run_as(&one, nobody(), one_post(), &operations));
    assert_eq!(index, 1);
    assert!(matches!(error, AppError::Forbidden(_)));

    let operations = [post(known(1)), post(known(2))];
    let (index, error) = place(run_as(&one, nobody(), one_post(), &operations));
    assert_eq!(index, 1);
    assert!(matches!(error, AppError::Forbidden(_)));
}

#[test]
fn a_newcomer_is_one_user_however_many_it_would_create() {
    let newcomer = Principal {
        caller: Caller::UnlinkedIdentity(Identity::from([7; Identity::LENGTH])),
        scopes: all_but(Scope::Admin).collect(),
    };
    let ada_then = |more: Operation| {
        let mut users = nobody();
        users
            .expect_insert()
            .once()
            .returning(|new, now| Ok(new.clone().created(user_id(1), now)));
        let mut posts = nothing();
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
        run(&mut session, &newcomer, &[user("Ada"), more], at(5))
    };
    // It may write what is its own from then on, and create nobody else.
    assert_eq!(ada_then(post(Author::CreatedBy(0))).unwrap().len(), 2);
    let (index, error) = place(ada_then(user("Grace")));
    assert_eq!(index, 1);
    assert!(matches!(error, AppError::Forbidden(_)));
}

#[test]
fn what_a_single_operation_fails_with_names_it() {
    let gone = |precondition| Operation::DeletePost {
        id: post_id(7),
        precondition,
    };
    let mut none = nothing();
    none.expect_find().returning(|_| Ok(None));
    let (index, error) = place(run_all(nobody(), none, &[gone(Precondition::None)]));
    assert_eq!(index, 0);
    assert!(matches!(error, AppError::NotFound(EntityRef::Post(_))));

    let mut posts = nothing();
    posts.expect_find().returning(|_| Ok(Some(notes())));
    posts.expect_delete().returning(|_, _| Ok(true));
    let operations = [
        gone(Precondition::None),
        gone(Precondition::OneOf(vec![version(9)])),
    ];
    let (index, error) = place(run_all(nobody(), posts, &operations));
    assert_eq!(index, 1);
    assert!(matches!(error, AppError::PreconditionFailed(_)));
}

#[test]
fn failures_of_the_store_name_no_operation() {
    let pairs = [
        vec![user("Ada"), user("Bob")],
        vec![post(known(1)), post(known(1))],
        vec![user("Ada")],
        vec![post(known(1))],
    ];
    for operations in pairs {
        assert_failures_pass(|failure| {
            let (mut users, mut posts) = (nobody(), nothing());
            let (one, two, three, four) = (
                failure.clone(),
                failure.clone(),
                failure.clone(),
                failure.clone(),
            );
            users
                .expect_insert_all()
                .returning(move |_, _| Err(one.clone()));
            users
                .expect_insert()
                .returning(move |_, _| Err(two.clone()));
            posts
                .expect_insert_all()
                .returning(move |_, _| Err(three.clone()));
            posts
                .expect_insert()
                .returning(move |_, _| Err(four.clone()));
            run_all(users, posts, &operations)
        });
    }
}

#[test]
fn an_author_whom_nobody_creates_is_a_bug() {
    for operations in [
        vec![post(Author::CreatedBy(0))],
        vec![post(Author::CreatedBy(5)), post(known(1))],
    ] {
        let ending = run_all(nobody(), nothing(), &operations);
        assert!(matches!(ending, Err(AppError::Internal(_))), "{ending:?}");
    }
}

#[test]
fn a_store_that_creates_too_few_has_a_bug() {
    let mut users = nobody();
    users.expect_insert_all().returning(|_, _| Ok(Vec::new()));
    let ending = run_all(users, nothing(), &[user("Ada"), user("Bob")]);
    assert!(matches!(ending, Err(AppError::Internal(_))));
    let mut posts = nothing();
    posts.expect_insert_all().returning(|_, _| Ok(Vec::new()));
    let ending = run_all(nobody(), posts, &[post(known(1)), post(known(2))]);
    assert!(matches!(ending, Err(AppError::Internal(_))));
}
