//! Who may change and delete a post.

use byline_domain::Title;

use super::*;

fn retitle() -> PostChange {
    PostChange {
        title: Some(Title::parse("Sketch").unwrap()),
        ..PostChange::default()
    }
}

#[test]
fn authors_may_change_their_posts() {
    let author = caller(1, [Scope::PostsWrite]);
    let (mut session, any) = (
        session_of::<PostFields>(that_update(Ok(true))),
        Precondition::None,
    );
    let changed = crud::patch(&mut session, &author, post_id(7), &retitle(), &any, at(200));
    assert_eq!(
        changed.unwrap(),
        notes().changed(retitle(), at(200)).unwrap()
    );
}

#[test]
fn authors_may_delete_their_posts() {
    let author = caller(1, [Scope::PostsWrite]);
    let (mut session, any) = (
        session_of::<PostFields>(that_delete(Ok(true))),
        Precondition::None,
    );
    crud::delete(&mut session, &author, post_id(7), &[], &any).unwrap();
}

/// Asserts that each change of post 7 is denied, although the precondition is not met either:
/// others are not told that. The post is looked up in one of the two
/// repositories in order to be changed, in the other in order to be deleted.
fn assert_all_denied(
    principal: &Principal,
    [to_change, to_delete]: [fn() -> MockRepository<PostFields>; 2],
    expected: Denial,
) {
    let (id, stale) = (post_id(7), Precondition::OneOf(vec![version(2)]));
    let session = || session_of(to_change());
    let patched = crud::patch(&mut session(), principal, id, &retitle(), &stale, at(200));
    assert_denied(patched, expected);
    let replaced = crud::replace(&mut session(), principal, id, &new_post(1), &stale, at(200));
    assert_denied(replaced, expected);
    let deleted = crud::delete(&mut session_of(to_delete()), principal, id, &[], &stale);
    assert_denied(deleted, expected);
}

#[test]
fn the_scope_is_checked_before_the_post_is_read() {
    let principal = caller(1, all_but(Scope::PostsWrite));
    let expected = Denial::MissingScope(Scope::PostsWrite);
    assert_all_denied(&principal, [posts; 2], expected);
}

#[test]
fn posts_of_others_are_denied_to_readers() {
    let principal = caller(2, [Scope::PostsRead, Scope::PostsWrite]);
    let to_change = || that_find(Ok(Some(notes())));
    let to_delete = || that_lock(Ok(Some(notes())));
    assert_all_denied(&principal, [to_change, to_delete], Denial::NotYours);
}
