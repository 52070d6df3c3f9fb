//! Who may not read posts learns nothing about which there are.

use super::*;

fn told(error: Result<impl std::fmt::Debug, AppError>) -> String {
    format!("{:?}", error.unwrap_err())
}

#[test]
fn a_post_of_somebody_else_is_as_absent_as_none() {
    let writer = caller(2, [Scope::PostsWrite]);
    // The precondition is not met either: that is not for strangers to know.
    let precondition = Precondition::OneOf(vec![version(2)]);
    let change = PostChange::default();
    let tell = |posts: fn() -> MockPostRepository| {
        let id = post_id();
        let patched = patch(
            &mut session_of(posts()),
            &writer,
            id,
            &change,
            &precondition,
            at(200),
        );
        let deleted = delete(&mut session_of(posts()), &writer, id, &precondition);
        [told(patched), told(deleted)]
    };
    let absent = tell(|| posts_that_find(Ok(None)));
    assert_eq!(tell(posts_with_notes), absent);
    assert!(absent[0].contains("NotFound"), "{absent:?}");
}

#[test]
fn without_the_scope_to_write_nothing_is_looked_up() {
    let stranger = caller(1, []);
    let id = post_id();
    let denied = delete(
        &mut session_of(MockPostRepository::new()),
        &stranger,
        id,
        &Precondition::None,
    );
    assert!(matches!(
        denied,
        Err(AppError::Forbidden(Denial::MissingScope(Scope::PostsWrite)))
    ));
}
