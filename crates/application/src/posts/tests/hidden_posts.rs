//! A caller who may not read posts does not learn which exist.

use super::*;

fn error(result: Result<impl std::fmt::Debug, AppError>) -> String {
    format!("{:?}", result.unwrap_err())
}

#[test]
fn posts_of_others_are_reported_as_missing() {
    let writer = caller(2, [Scope::PostsWrite]);
    // The precondition is not met either: others are not told that.
    let stale = Precondition::OneOf(vec![version(2)]);
    let change = PostChange::default();
    let errors = |found: Option<Post>| {
        let id = post_id(7);
        let mut session = session_of(that_find(Ok(found.clone())));
        let patched = crud::patch(&mut session, &writer, id, &change, &stale, at(200));
        let mut session = session_of(that_lock(Ok(found)));
        let deleted = crud::delete(&mut session, &writer, id, &[], &stale);
        [error(patched), error(deleted)]
    };
    let missing = errors(None);
    assert_eq!(errors(Some(notes())), missing);
    assert!(missing[0].contains("NotFound"), "{missing:?}");
}

#[test]
fn without_the_scope_to_write_nothing_is_read() {
    let (mut session, any) = (session_of(posts()), Precondition::None);
    let denied = crud::delete(&mut session, &caller(1, []), post_id(7), &[], &any);
    assert_denied(denied, Denial::MissingScope(Scope::PostsWrite));
}
