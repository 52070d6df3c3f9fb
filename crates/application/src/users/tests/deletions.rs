use super::*;

/// Deletes Ada, with every right.
fn delete_ada(
    users: MockUserRepository,
    posts: MockPostRepository,
    fate: Posts,
) -> Result<(), AppError> {
    let principal = Principal::unrestricted();
    let mut session = session_over(users, posts);
    delete(
        &mut session,
        &principal,
        user_id(1),
        fate,
        &Precondition::None,
    )
}

/// Users among whom Ada is found and locked, as each deletion begins.
fn users_with_locked_ada() -> MockUserRepository {
    let mut users = MockUserRepository::new();
    users
        .expect_find_for_update()
        .with(eq(user_id(1)))
        .times(1)
        .return_const(Ok(Some(ada())));
    users
}

/// Returns a repository in which locking a user fails, or finds none.
fn users_that_lock(answer: Result<Option<User>, RepositoryError>) -> MockUserRepository {
    let mut users = MockUserRepository::new();
    users.expect_find_for_update().times(1).return_const(answer);
    users
}

/// Users among whom Ada is found, and `delete` of her first version answers
/// so.
fn users_that_delete(answer: Result<bool, RepositoryError>) -> MockUserRepository {
    let mut users = users_with_locked_ada();
    users
        .expect_delete()
        .with(eq(user_id(1)), eq(version(1)))
        .times(1)
        .return_const(answer);
    users
}

fn posts_that_delete(answer: Result<(), RepositoryError>) -> MockPostRepository {
    let mut posts = MockPostRepository::new();
    posts
        .expect_delete_of()
        .with(eq(user_id(1)))
        .times(1)
        .return_const(answer);
    posts
}

#[test]
fn keep_posts_unless_told_otherwise() {
    assert_eq!(Posts::default(), Posts::Keep);
    delete_ada(
        users_that_delete(Ok(true)),
        MockPostRepository::new(),
        Posts::Keep,
    )
    .unwrap();
}

#[test]
fn of_posts_come_before_that_of_their_author() {
    let mut order = Sequence::new();
    let (mut users, mut posts) = (users_with_locked_ada(), MockPostRepository::new());
    posts
        .expect_delete_of()
        .with(eq(user_id(1)))
        .times(1)
        .in_sequence(&mut order)
        .return_const(Ok(()));
    users
        .expect_delete()
        .with(eq(user_id(1)), eq(version(1)))
        .times(1)
        .in_sequence(&mut order)
        .return_const(Ok(true));
    delete_ada(users, posts, Posts::Delete).unwrap();
}

#[test]
fn are_open_to_the_user_itself() {
    let (keep, any) = (Posts::Keep, Precondition::None);
    let owner = caller(1, [Scope::UsersWrite]);
    let mut session = session_of(users_that_delete(Ok(true)));
    delete(&mut session, &owner, user_id(1), keep, &any).unwrap();

    let owner = caller(1, [Scope::UsersWrite, Scope::PostsWrite]);
    let mut session = session_over(users_that_delete(Ok(true)), posts_that_delete(Ok(())));
    delete(&mut session, &owner, user_id(1), Posts::Delete, &any).unwrap();
}

#[test]
fn are_denied_before_the_store_is_asked() {
    for (principal, fate, expected) in [
        (
            caller(1, all_but(Scope::UsersWrite)),
            Posts::Keep,
            Denial::MissingScope(Scope::UsersWrite),
        ),
        (
            caller(1, all_but(Scope::PostsWrite)),
            Posts::Delete,
            Denial::MissingScope(Scope::PostsWrite),
        ),
        (
            caller(2, [Scope::UsersWrite, Scope::PostsWrite]),
            Posts::Delete,
            Denial::NotYours,
        ),
    ] {
        let any = Precondition::None;
        let denied = delete(&mut MockSession::new(), &principal, user_id(1), fate, &any);
        assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
    }
}

#[test]
fn name_the_user_that_does_not_exist() {
    for fate in [Posts::Keep, Posts::Delete] {
        let posts = MockPostRepository::new();
        let missing = delete_ada(users_that_lock(Ok(None)), posts, fate);
        assert!(matches!(
            missing,
            Err(AppError::NotFound(EntityRef::User(id))) if id == user_id(1)
        ));
    }
}

#[test]
fn happen_in_a_version_that_was_named() {
    let precondition = Precondition::OneOf(vec![version(1)]);
    let principal = Principal::unrestricted();
    let mut session = session_of(users_that_delete(Ok(true)));
    delete(
        &mut session,
        &principal,
        user_id(1),
        Posts::Keep,
        &precondition,
    )
    .unwrap();
}

#[test]
fn do_not_happen_in_another_version() {
    let precondition = Precondition::OneOf(vec![version(2)]);
    for fate in [Posts::Keep, Posts::Delete] {
        let principal = Principal::unrestricted();
        let mut session = session_of(users_with_locked_ada());
        let failed = delete(&mut session, &principal, user_id(1), fate, &precondition);
        assert!(matches!(
            failed,
            Err(AppError::PreconditionFailed(EntityRef::User(id))) if id == user_id(1)
        ));
    }
}

#[test]
fn are_tried_again_when_a_post_came_in_between() {
    let referenced = RepositoryError::StillReferenced(Reference::PostAuthor);
    let users = users_that_delete(Err(referenced));
    let lost = delete_ada(users, posts_that_delete(Ok(())), Posts::Delete);
    assert!(matches!(lost, Err(AppError::Contention(None))));
}

#[test]
fn tell_that_the_user_has_posts() {
    let referenced = RepositoryError::StillReferenced(Reference::PostAuthor);
    let users = users_that_delete(Err(referenced));
    let kept = delete_ada(users, MockPostRepository::new(), Posts::Keep);
    assert!(matches!(
        kept,
        Err(AppError::Conflict(Conflict::UserHasPosts(id))) if id == user_id(1)
    ));
}

#[test]
fn that_find_the_version_gone_are_run_again() {
    let users = users_that_delete(Ok(false));
    let lost = delete_ada(users, MockPostRepository::new(), Posts::Keep);
    assert!(matches!(lost, Err(AppError::Contention(None))));
}

#[test]
fn pass_failures_on() {
    assert_failures_pass(|failure| {
        let users = users_that_lock(Err(failure));
        delete_ada(users, MockPostRepository::new(), Posts::Keep)
    });
    assert_failures_pass(|failure| {
        delete_ada(
            users_with_locked_ada(),
            posts_that_delete(Err(failure)),
            Posts::Delete,
        )
    });
    assert_failures_pass(|failure| {
        let users = users_that_delete(Err(failure));
        delete_ada(users, MockPostRepository::new(), Posts::Keep)
    });
}
