use super::*;

/// Deletes the notes, with every right.
fn delete_notes(posts: MockPostRepository, precondition: &Precondition) -> Result<(), AppError> {
    let principal = Principal::unrestricted();
    delete(&mut session_of(posts), &principal, post_id(), precondition)
}

/// Posts among which the notes are found, and `delete` of their first
/// version answers so.
fn posts_that_delete(answer: Result<bool, RepositoryError>) -> MockPostRepository {
    let mut posts = posts_with_notes();
    posts
        .expect_delete()
        .with(eq(post_id()), eq(version(1)))
        .times(1)
        .return_const(answer);
    posts
}

#[test]
fn are_open_to_the_author() {
    let author = caller(1, [Scope::PostsWrite]);
    let mut session = session_of(posts_that_delete(Ok(true)));
    delete(&mut session, &author, post_id(), &Precondition::None).unwrap();
}

#[test]
fn are_denied_before_anything_is_written() {
    let precondition = Precondition::OneOf(vec![version(2)]);
    for (principal, posts, expected) in [
        // The scope is asked for before anything is looked up.
        (
            caller(1, all_but(Scope::PostsWrite)),
            MockPostRepository::new(),
            Denial::MissingScope(Scope::PostsWrite),
        ),
        (
            caller(2, [Scope::PostsRead, Scope::PostsWrite]),
            posts_with_notes(),
            Denial::NotYours,
        ),
    ] {
        let mut session = session_of(posts);
        let denied = delete(&mut session, &principal, post_id(), &precondition);
        assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
    }
}

#[test]
fn name_the_post_that_does_not_exist() {
    let missing = delete_notes(posts_that_find(Ok(None)), &Precondition::None);
    assert!(matches!(missing, Err(AppError::NotFound(EntityRef::Post(id))) if id == post_id()));
}

#[test]
fn happen_in_a_version_that_was_named() {
    let precondition = Precondition::OneOf(vec![version(3), version(1)]);
    delete_notes(posts_that_delete(Ok(true)), &precondition).unwrap();
}

#[test]
fn do_not_happen_in_another_version() {
    let failed = delete_notes(posts_with_notes(), &Precondition::OneOf(vec![version(2)]));
    assert!(matches!(
        failed,
        Err(AppError::PreconditionFailed(EntityRef::Post(id))) if id == post_id()
    ));
}

#[test]
fn that_find_the_version_gone_are_run_again() {
    let lost = delete_notes(posts_that_delete(Ok(false)), &Precondition::None);
    assert!(matches!(lost, Err(AppError::Contention(None))));
}

#[test]
fn pass_failures_on() {
    assert_failures_pass(|failure| {
        delete_notes(posts_that_find(Err(failure)), &Precondition::None)
    });
    assert_failures_pass(|failure| {
        delete_notes(posts_that_delete(Err(failure)), &Precondition::None)
    });
}
