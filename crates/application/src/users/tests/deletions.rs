use byline_domain::Relation;
use mockall::Sequence;

use super::*;

const KEEP_POSTS: &[Relation] = &[];
const WITH_POSTS: &[Relation] = &[PostFields::AUTHOR];

/// Deletes user 1.
fn delete_ada(
    (users, posts): (MockRepository<UserFields>, MockRepository<PostFields>),
    principal: &Principal,
    with: &[Relation],
    precondition: &Precondition,
) -> Result<(), AppError> {
    let mut session = session_over(users, posts);
    crud::delete(&mut session, principal, user_id(1), with, precondition)
}

/// Deletes user 1 in any version, with every right.
fn delete_freely(
    users: MockRepository<UserFields>,
    posts: MockRepository<PostFields>,
    with: &[Relation],
) -> Result<(), AppError> {
    let principal = Principal::unrestricted();
    delete_ada((users, posts), &principal, with, &Precondition::None)
}

/// Returns posts in which deleting those of user 1, done once, gives `answer`.
fn posts_that_delete_all(answer: Result<(), RepositoryError>) -> MockRepository<PostFields> {
    let mut rows = posts();
    rows.expect_delete_all()
        .with(eq(PostFilter::Author(user_id(1))))
        .times(1)
        .return_const(answer);
    rows
}

#[test]
fn the_posts_stay_unless_they_are_named() {
    delete_freely(that_delete(Ok(true)), posts(), KEEP_POSTS).unwrap();
}

#[test]
fn the_posts_are_deleted_before_their_author() {
    let mut sequence = Sequence::new();
    let (mut users, mut posts) = (that_lock(Ok(Some(ada()))), posts());
    posts
        .expect_delete_all()
        .with(eq(PostFilter::Author(user_id(1))))
        .times(1)
        .in_sequence(&mut sequence)
        .return_const(Ok(()));
    users
        .expect_delete()
        .with(eq(user_id(1)), eq(version(1)))
        .times(1)
        .in_sequence(&mut sequence)
        .return_const(Ok(true));
    delete_freely(users, posts, WITH_POSTS).unwrap();
}

#[test]
fn users_may_delete_themselves() {
    let any = Precondition::None;
    let owner = caller(1, [Scope::UsersWrite]);
    let rows = (that_delete(Ok(true)), posts());
    delete_ada(rows, &owner, KEEP_POSTS, &any).unwrap();

    let owner = caller(1, [Scope::UsersWrite, Scope::PostsWrite]);
    let rows = (that_delete(Ok(true)), posts_that_delete_all(Ok(())));
    delete_ada(rows, &owner, WITH_POSTS, &any).unwrap();
}

#[test]
fn a_deletion_is_denied_before_the_store_is_asked() {
    for (principal, with, expected) in [
        (
            caller(1, all_but(Scope::UsersWrite)),
            KEEP_POSTS,
            Denial::MissingScope(Scope::UsersWrite),
        ),
        (
            caller(1, all_but(Scope::PostsWrite)),
            WITH_POSTS,
            Denial::MissingScope(Scope::PostsWrite),
        ),
        (
            caller(2, [Scope::UsersWrite, Scope::PostsWrite]),
            WITH_POSTS,
            Denial::NotYours,
        ),
    ] {
        let (mut none, any) = (MockSession::new(), Precondition::None);
        let denied = crud::delete(&mut none, &principal, user_id(1), with, &any);
        assert_denied(denied, expected);
    }
}

#[test]
fn a_missing_user_is_named_and_its_posts_are_not_asked_for() {
    for with in [KEEP_POSTS, WITH_POSTS] {
        let missing = delete_freely(that_lock(Ok(None)), posts(), with);
        assert_not_found(missing, user_id(1));
    }
}

#[test]
fn nothing_is_deleted_in_another_version() {
    let precondition = Precondition::OneOf(vec![version(2)]);
    for with in [KEEP_POSTS, WITH_POSTS] {
        let rows = (that_lock(Ok(Some(ada()))), posts());
        let failed = delete_ada(rows, &Principal::unrestricted(), with, &precondition);
        assert_precondition_failed(failed, user_id(1));
    }
}

#[test]
fn a_post_that_is_stored_meanwhile_makes_the_deletion_run_again() {
    let referenced = RepositoryError::StillReferenced(PostFields::AUTHOR);
    let users = that_delete(Err(referenced));
    assert_runs_again(delete_freely(
        users,
        posts_that_delete_all(Ok(())),
        WITH_POSTS,
    ));
}

#[test]
fn a_user_with_posts_is_not_deleted() {
    let referenced = RepositoryError::StillReferenced(PostFields::AUTHOR);
    let kept = delete_freely(that_delete(Err(referenced)), posts(), KEEP_POSTS);
    let expected = Conflict::StillReferenced(PostFields::AUTHOR, user_id(1).into());
    assert_conflict(kept, expected);
}

#[test]
fn failures_of_the_deletion_of_posts_pass() {
    assert_failures_pass(|failure| {
        let posts = posts_that_delete_all(Err(failure));
        delete_freely(that_lock(Ok(Some(ada()))), posts, WITH_POSTS)
    });
}
