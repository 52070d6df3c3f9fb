use byline_domain::policy::Scope;
use byline_domain::{EmailAddress, Entity, PostChange, PostFields, Title, UserChange, UserName};
use mockall::predicate::{always, eq};

use super::*;
use crate::fixtures::{
    ada, all_but, assert_failures_pass, at, caller, new_post, new_user, notes, post_id, posts,
    session_over, unlinked, user_id, users, version,
};
use crate::posts::PostFilter;
use crate::{Conflict, MockIdentityRepository, MockRepository, UniqueKey};

mod failures;
mod parents;

/// Creates a user.
fn user(name: &str) -> Operation {
    Operation::User(Write::Create {
        fields: new_user(name),
        parents: Vec::new(),
    })
}

/// Creates a post of this user.
fn post(author: i64) -> Operation {
    Operation::Post(Write::Create {
        fields: new_post(author),
        parents: Vec::new(),
    })
}

/// Creates a post of the user that an operation creates.
fn post_by(operation: usize) -> Operation {
    Operation::Post(Write::Create {
        fields: new_post(999),
        parents: created_by(operation),
    })
}

fn created_by(operation: usize) -> Vec<CreatedParent> {
    let relation = PostFields::AUTHOR;
    vec![CreatedParent {
        relation,
        operation,
    }]
}

/// Deletes post 7.
fn delete_notes(precondition: Precondition) -> Operation {
    Operation::Post(Write::Delete {
        id: post_id(7),
        with: Vec::new(),
        precondition,
    })
}

/// Returns what `insert_all` of these rows gives: rows with ids from `first` on.
fn numbered<E: Resource>(new: &[E], first: i64, now: Timestamp) -> Vec<Stored<E>> {
    let ids = (first..).map(|id| Id::try_from(id).unwrap());
    iter::zip(new, ids)
        .map(|(new, id)| new.clone().created(id, now))
        .collect()
}

/// Expects `insert_all` of so many users at 5, which get ids from 11 on.
fn insert_users_from_11(users: &mut MockRepository<UserFields>, expected: usize) {
    users
        .expect_insert_all()
        .withf(move |new, now| new.len() == expected && *now == at(5))
        .once()
        .returning(|new, now| Ok(numbered(new, 11, now)));
}

/// Expects `insert_all` of posts of these authors, which get ids from 21 on.
fn insert_posts_from_21(posts: &mut MockRepository<PostFields>, authors: Vec<i64>) {
    posts
        .expect_insert_all()
        .withf(move |new, _| {
            let ids = new.iter().map(|post| post.user_id.get());
            ids.eq(authors.clone())
        })
        .once()
        .returning(|new, now| Ok(numbered(new, 21, now)));
}

/// Returns posts of which `insert`, called once, gives post 21.
fn that_insert_21() -> MockRepository<PostFields> {
    let mut rows = posts();
    rows.expect_insert()
        .once()
        .returning(|new, now| Ok(new.clone().created(post_id(21), now)));
    rows
}

/// Runs the operations at 5, with every right.
fn run_all(
    users: MockRepository<UserFields>,
    posts: MockRepository<PostFields>,
    operations: &[Operation],
) -> Result<Vec<OperationOutcome>, AppError> {
    let (mut session, principal) = (session_over(users, posts), Principal::unrestricted());
    run(&mut session, &principal, operations, at(5))
}

fn created(subject: impl Into<EntityRef>) -> OperationOutcome {
    OperationOutcome {
        subject: subject.into(),
        effect: Effect::Created(RowMeta {
            version: Version::FIRST,
            created_at: at(5),
            updated_at: at(5),
        }),
    }
}

fn deleted(subject: impl Into<EntityRef>) -> OperationOutcome {
    OperationOutcome {
        subject: subject.into(),
        effect: Effect::Deleted,
    }
}

/// Returns the index that an error names, and the error itself.
#[track_caller]
fn located_error(result: Result<Vec<OperationOutcome>, AppError>) -> (usize, AppError) {
    match result.unwrap_err() {
        AppError::InOperation { index, error } => (index, *error),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_batch_does_nothing() {
    assert_eq!(run_all(users(), posts(), &[]).unwrap(), []);
}

#[test]
fn creates_in_a_row_are_one_statement_for_each_entity() {
    let (mut users, mut posts) = (users(), posts());
    insert_users_from_11(&mut users, 2);
    insert_posts_from_21(&mut posts, vec![11, 1, 12]);
    let operations = [user("Ada"), post_by(0), post(1), user("Bob"), post_by(3)];
    let outcomes = run_all(users, posts, &operations).unwrap();
    assert_eq!(
        outcomes,
        [
            created(user_id(11)),
            created(post_id(21)),
            created(post_id(22)),
            created(user_id(12)),
            created(post_id(23)),
        ]
    );
}

#[test]
fn rows_of_one_entity_are_one_statement() {
    let mut some_users = users();
    insert_users_from_11(&mut some_users, 3);
    let operations = [user("Ada"), user("Bob"), user("Cyd")];
    assert_eq!(run_all(some_users, posts(), &operations).unwrap().len(), 3);

    let mut some_posts = posts();
    insert_posts_from_21(&mut some_posts, vec![1, 2]);
    let operations = [post(1), post(2)];
    assert_eq!(run_all(users(), some_posts, &operations).unwrap().len(), 2);
}

#[test]
fn every_operation_does_what_its_use_case_does() {
    let (mut users, mut posts) = (users(), posts());
    users
        .expect_insert()
        .once()
        .returning(|new, now| Ok(new.clone().created(user_id(11), now)));
    users
        .expect_find()
        .returning(|id| Ok((id == ada().id).then(ada)));
    users
        .expect_find_for_update()
        .returning(|id| Ok((id == ada().id).then(ada)));
    users
        .expect_update()
        .withf(|user, from| user.fields.name.as_str() == "Countess" && *from == version(1))
        .once()
        .returning(|_, _| Ok(true));
    users
        .expect_delete()
        .with(eq(user_id(1)), always())
        .once()
        .returning(|_, _| Ok(true));
    posts
        .expect_delete_all()
        .with(eq(PostFilter::Author(user_id(1))))
        .once()
        .returning(|_| Ok(()));
    posts.expect_find().returning(|_| Ok(Some(notes())));
    posts
        .expect_find_for_update()
        .returning(|_| Ok(Some(notes())));
    posts
        .expect_update()
        .withf(|post, _| {
            post.fields.user_id == user_id(11) && post.fields.title.as_str() == "Letters"
        })
        .once()
        .returning(|_, _| Ok(true));
    posts
        .expect_insert()
        .withf(|new, _| new.user_id == user_id(11))
        .once()
        .returning(|new, now| Ok(new.clone().created(post_id(21), now)));
    posts
        .expect_delete()
        .with(eq(post_id(7)), eq(version(1)))
        .once()
        .returning(|_, _| Ok(true));
    let operations = [
        user("Bob"),
        Operation::User(Write::Update {
            id: user_id(1),
            change: UserChange {
                name: Some(UserName::parse("Countess").unwrap()),
                email: None,
            },
            parents: Vec::new(),
            precondition: Precondition::OneOf(vec![version(1)]),
        }),
        post_by(0),
        Operation::Post(Write::Update {
            id: post_id(7),
            change: PostChange {
                title: Some(Title::parse("Letters").unwrap()),
                ..PostChange::default()
            },
            parents: created_by(0),
            precondition: Precondition::None,
        }),
        delete_notes(Precondition::None),
        Operation::User(Write::Delete {
            id: user_id(1),
            with: vec![PostFields::AUTHOR],
            precondition: Precondition::None,
        }),
    ];
    let updated = |subject| OperationOutcome {
        subject,
        effect: Effect::Updated(RowMeta {
            version: version(2),
            created_at: at(100),
            updated_at: at(100),
        }),
    };
    assert_eq!(
        run_all(users, posts, &operations).unwrap(),
        [
            created(user_id(11)),
            updated(user_id(1).into()),
            created(post_id(21)),
            updated(post_id(7).into()),
            deleted(post_id(7)),
            deleted(user_id(1)),
        ]
    );
}
