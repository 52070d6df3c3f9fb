//! The authors of several posts, and posts that change their author.

use std::collections::{BTreeMap, BTreeSet};

use byline_domain::User;

use super::*;

/// Returns users of which `find_all` of user 1, called once, finds these.
fn users_with(found: Vec<User>) -> MockRepository<UserFields> {
    let mut rows = users();
    rows.expect_find_all()
        .with(eq(BTreeSet::from([user_id(1)])))
        .times(1)
        .returning(move |_| Ok(found.iter().map(|user| (user.id, user.clone())).collect()));
    rows
}

fn authors(
    session: &mut MockSession,
    principal: &Principal,
    posts: &[Post],
) -> Result<BTreeMap<UserId, User>, AppError> {
    crud::parents(session, principal, PostFields::AUTHOR, posts)
}

#[test]
fn the_author_of_several_posts_is_read_once() {
    let reader = caller(2, [Scope::UsersRead]);
    let mut session = session_of(users_with(vec![ada()]));
    let found = authors(&mut session, &reader, &[notes(), notes()]);
    assert_eq!(found.unwrap(), BTreeMap::from([(user_id(1), ada())]));
}

#[test]
fn reading_authors_takes_the_scope_to_read_users() {
    let principal = caller(1, all_but(Scope::UsersRead));
    let denied = authors(&mut MockSession::new(), &principal, &[notes()]);
    assert_denied(denied, Denial::MissingScope(Scope::UsersRead));
}

#[test]
fn a_post_whose_author_does_not_exist_is_a_bug() {
    let mut session = session_of(users_with(Vec::new()));
    let missing = authors(&mut session, &Principal::unrestricted(), &[notes()]);
    assert!(matches!(missing, Err(AppError::Internal(_))));
}

#[test]
fn failures_to_read_authors_pass() {
    assert_failures_pass(|failure| {
        let mut rows = users();
        rows.expect_find_all().return_const(Err(failure));
        let mut session = session_of(rows);
        authors(&mut session, &Principal::unrestricted(), &[notes()])
    });
}

fn move_to(author: i64) -> PostChange {
    PostChange {
        user_id: Some(user_id(author)),
        ..PostChange::default()
    }
}

/// Gives post 7 to this author at 200.
fn give_notes_to(
    author: i64,
    posts: MockRepository<PostFields>,
    principal: &Principal,
) -> Result<Post, AppError> {
    let (mut session, change, any) = (session_of(posts), move_to(author), Precondition::None);
    crud::patch(&mut session, principal, post_id(7), &change, &any, at(200))
}

#[test]
fn giving_a_post_away_takes_the_right_to_write_posts_of_both_authors() {
    for principal in [
        // May write the post, but none of the new author.
        caller(1, [Scope::PostsWrite]),
        // May write posts of the new author, but not this one.
        caller(2, [Scope::PostsRead, Scope::PostsWrite]),
    ] {
        let denied = give_notes_to(2, that_find(Ok(Some(notes()))), &principal);
        assert_denied(denied, Denial::NotYours);
    }
}

#[test]
fn an_admin_may_give_a_post_to_another_author() {
    let mut rows = that_find(Ok(Some(notes())));
    rows.expect_update()
        .with(
            eq(notes().changed(move_to(2), at(200)).unwrap()),
            eq(version(1)),
        )
        .times(1)
        .return_const(Ok(true));
    let moved = give_notes_to(2, rows, &caller(3, [Scope::Admin])).unwrap();
    assert_eq!(moved.fields.user_id, user_id(2));
}

#[test]
fn giving_a_post_to_its_own_author_takes_no_further_right() {
    let author = caller(1, [Scope::PostsWrite]);
    let stayed = give_notes_to(1, that_update(Ok(true)), &author).unwrap();
    assert_eq!(stayed.fields.user_id, user_id(1));
}

#[test]
fn the_conflict_names_the_new_author_that_is_missing() {
    let missing = RepositoryError::MissingReference(PostFields::AUTHOR);
    let rows = that_update(Err(missing));
    let result = give_notes_to(2, rows, &Principal::unrestricted());
    assert_conflict(result, Conflict::ParentMissing(PostFields::AUTHOR, 2));
}
