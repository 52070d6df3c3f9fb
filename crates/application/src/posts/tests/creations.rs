//! New posts, by themselves and among those of their author.

use super::*;

/// Creates a post by itself or among those of its author.
type Creation = fn(&mut MockSession, &Principal, &PostFields) -> Result<Post, AppError>;

const ALONE: Creation = |session, principal, new| crud::create(session, principal, new, at(100));
const OF_AUTHOR: Creation =
    |session, principal, new| crud::create_of(session, principal, PostFields::AUTHOR, new, at(100));

/// Returns posts of which `insert` of a post of user 1 at 100, called once, gives `answer`.
fn posts_that_insert(answer: Result<Post, RepositoryError>) -> MockRepository<PostFields> {
    let mut rows = posts();
    rows.expect_insert()
        .with(eq(new_post(1)), eq(at(100)))
        .times(1)
        .return_const(answer);
    rows
}

fn create_failing(creation: Creation, error: RepositoryError) -> Result<Post, AppError> {
    let mut session = session_of(posts_that_insert(Err(error)));
    creation(&mut session, &Principal::unrestricted(), &new_post(1))
}

#[test]
fn authors_may_create_posts_of_their_own() {
    let author = caller(1, [Scope::PostsWrite]);
    for creation in [ALONE, OF_AUTHOR] {
        let mut session = session_of(posts_that_insert(Ok(notes())));
        let created = creation(&mut session, &author, &new_post(1));
        assert_eq!(created.unwrap(), notes());
    }
}

#[test]
fn a_creation_is_denied_before_the_store_is_asked() {
    for (principal, expected) in [
        (
            caller(1, all_but(Scope::PostsWrite)),
            Denial::MissingScope(Scope::PostsWrite),
        ),
        (caller(2, [Scope::PostsWrite]), Denial::NotYours),
    ] {
        for creation in [ALONE, OF_AUTHOR] {
            let denied = creation(&mut MockSession::new(), &principal, &new_post(1));
            assert_denied(denied, expected);
        }
    }
}

#[test]
fn the_missing_author_of_a_post_is_a_conflict() {
    let missing = RepositoryError::MissingReference(PostFields::AUTHOR);
    let expected = Conflict::ParentMissing(PostFields::AUTHOR, 1);
    assert_conflict(create_failing(ALONE, missing), expected);
}

#[test]
fn the_missing_author_of_the_path_is_not_found() {
    let missing = RepositoryError::MissingReference(PostFields::AUTHOR);
    assert_not_found(create_failing(OF_AUTHOR, missing), user_id(1));
}

#[test]
fn failures_pass() {
    for creation in [ALONE, OF_AUTHOR] {
        assert_failures_pass(|failure| create_failing(creation, failure));
    }
}
