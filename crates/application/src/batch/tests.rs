use byline_domain::EmailAddress;
use byline_domain::policy::{Caller, Identity, Scope};
use mockall::predicate::{always, eq};

use super::*;
use crate::fixtures::{
    ada, all_but, assert_failures_pass, at, caller, new_user, session_over, user_id, version,
};
use crate::{
    Conflict, MockIdentityRepository, MockPostRepository, MockUserRepository, Reference, UniqueKey,
};

mod refusals;

fn anyone() -> Principal {
    Principal::unrestricted()
}

fn post_id(number: i64) -> PostId {
    PostId::try_from(number).unwrap()
}

fn user(name: &str) -> Operation {
    Operation::CreateUser(new_user(name))
}

fn post(author: Author) -> Operation {
    Operation::CreatePost {
        author,
        title: Title::parse("Notes").unwrap(),
        content: Content::parse("").unwrap(),
    }
}

fn known(number: i64) -> Author {
    Author::Known(user_id(number))
}

/// A post of user 1 in version 1, under id 7.
fn notes() -> Post {
    new_post(1).created(post_id(7), at(100))
}

fn new_post(author: i64) -> NewPost {
    NewPost {
        user_id: user_id(author),
        title: Title::parse("Notes").unwrap(),
        content: Content::parse("").unwrap(),
    }
}

/// Takes users in, under ids from 11 on.
fn users_from_11(users: &mut MockUserRepository, expected: usize) {
    users
        .expect_insert_all()
        .withf(move |new, now| new.len() == expected && *now == at(5))
        .once()
        .returning(|new, now| {
            let ids = (11..).map(user_id);
            Ok(iter::zip(new, ids)
                .map(|(new, id)| new.clone().created(id, now))
                .collect())
        });
}

/// Takes posts in, under ids from 21 on, if they are of these authors.
fn posts_from_21(posts: &mut MockPostRepository, authors: Vec<i64>) {
    posts
        .expect_insert_all()
        .withf(move |new, _| {
            new.iter()
                .map(|post| post.user_id.get())
                .eq(authors.clone())
        })
        .once()
        .returning(|new, now| {
            let ids = (21..).map(post_id);
            Ok(iter::zip(new, ids)
                .map(|(new, id)| new.clone().created(id, now))
                .collect())
        });
}

fn run_all(
    users: MockUserRepository,
    posts: MockPostRepository,
    operations: &[Operation],
) -> Result<Vec<OperationOutcome>, AppError> {
    run(
        &mut session_over(users, posts),
        &anyone(),
        operations,
        at(5),
    )
}

fn nobody() -> MockUserRepository {
    MockUserRepository::new()
}

fn nothing() -> MockPostRepository {
    MockPostRepository::new()
}

const NEW: Effect = Effect::Created(RowMeta {
    version: Version::FIRST,
    created_at: AT_5,
    updated_at: AT_5,
});

const AT_5: Timestamp = match Timestamp::from_micros(5) {
    Ok(at) => at,
    Err(_) => panic!(),
};

fn created(subject: EntityRef) -> OperationOutcome {
    OperationOutcome {
        subject,
        effect: NEW,
    }
}

/// The index that an error names, and the error itself.
fn place(ending: Result<Vec<OperationOutcome>, AppError>) -> (usize, AppError) {
    match ending.unwrap_err() {
        AppError::InOperation { index, error } => (index, *error),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_done_for_nothing() {
    assert_eq!(run_all(nobody(), nothing(), &[]).unwrap(), []);
}

#[test]
fn creates_in_a_row_are_two_statements() {
    let (mut users, mut posts) = (nobody(), nothing());
    users_from_11(&mut users, 2);
    posts_from_21(&mut posts, vec![11, 1, 12]);
    let operations = [
        user("Ada"),
        post(Author::CreatedBy(0)),
        post(known(1)),
        user("Bob"),
        post(Author::CreatedBy(3)),
    ];
    let done = run_all(users, posts, &operations).unwrap();
    assert_eq!(
        done,
        [
            created(EntityRef::User(user_id(11))),
            created(EntityRef::Post(post_id(21))),
            created(EntityRef::Post(post_id(22))),
            created(EntityRef::User(user_id(12))),
            created(EntityRef::Post(post_id(23))),
        ]
    );
}

#[test]
fn rows_of_one_kind_need_one_statement() {
    let mut users = nobody();
    users_from_11(&mut users, 3);
    let operations = [user("Ada"), user("Bob"), user("Cyd")];
    assert_eq!(run_all(users, nothing(), &operations).unwrap().len(), 3);

    let mut posts = nothing();
    posts_from_21(&mut posts, vec![1, 2]);
    let operations = [post(known(1)), post(known(2))];
    assert_eq!(run_all(nobody(), posts, &operations).unwrap().len(), 2);
}

#[test]
fn every_operation_does_what_its_use_case_does() {
    let (mut users, mut posts) = (nobody(), nothing());
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
        .withf(|user, from| user.name.as_str() == "Countess" && *from == version(1))
        .once()
        .returning(|_, _| Ok(true));
    users
        .expect_delete()
        .with(eq(user_id(1)), always())
        .once()
        .returning(|_, _| Ok(true));
    posts
        .expect_delete_of()
        .with(eq(user_id(1)))
        .once()
        .returning(|_| Ok(()));
    posts.expect_find().returning(|_| Ok(Some(notes())));
    posts
        .expect_update()
        .withf(|post, _| post.user_id == user_id(11) && post.title.as_str() == "Letters")
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
        Operation::UpdateUser {
            id: user_id(1),
            change: UserChange {
                name: Some(byline_domain::UserName::parse("Countess").unwrap()),
                email: None,
            },
            precondition: Precondition::OneOf(vec![version(1)]),
        },
        post(Author::CreatedBy(0)),
        Operation::UpdatePost {
            id: post_id(7),
            author: Some(Author::CreatedBy(0)),
            title: Some(Title::parse("Letters").unwrap()),
            content: None,
            precondition: Precondition::None,
        },
        Operation::DeletePost {
            id: post_id(7),
            precondition: Precondition::None,
        },
        Operation::DeleteUser {
            id: user_id(1),
            posts: Posts::Delete,
            precondition: Precondition::None,
        },
    ];
    let done = run_all(users, posts, &operations).unwrap();
    let updated = |subject| OperationOutcome {
        subject,
        effect: Effect::Updated(RowMeta {
            version: version(2),
            created_at: at(100),
            updated_at: at(100),
        }),
    };
    assert_eq!(
        done,
        [
            created(EntityRef::User(user_id(11))),
            updated(EntityRef::User(user_id(1))),
            created(EntityRef::Post(post_id(21))),
            updated(EntityRef::Post(post_id(7))),
            OperationOutcome::deleted(EntityRef::Post(post_id(7))),
            OperationOutcome::deleted(EntityRef::User(user_id(1))),
        ]
    );
}
