//! Rows with several parents, and rows with several kinds of children.

use std::collections::BTreeSet;

use byline_domain::policy::Scope;
use byline_domain::{Id, PostFields, UserFields};

use super::*;
use crate::fixtures::{
    BoardFields, ReplyFields, ada, deletions, fail_deletion, notes, post_id, posts, reply,
    session_over, store_replies, user_id, users,
};

/// Creates a reply by user 1 to post 7 in a store where its parent in `missing` does not
/// exist, with `creation`.
fn create_reply(
    missing: Relation,
    creation: impl Fn(&mut MockSession, &ReplyFields) -> Result<Stored<ReplyFields>, AppError>,
) -> AppError {
    if missing == ReplyFields::POST {
        store_replies(|replies| {
            let missing = RepositoryError::MissingReference(ReplyFields::POST);
            replies.expect_insert().return_const(Err(missing));
        });
    } else {
        store_replies(|replies| {
            let missing = RepositoryError::MissingReference(ReplyFields::AUTHOR);
            replies.expect_insert().return_const(Err(missing));
        });
    }
    creation(&mut MockSession::new(), &reply(7, 1)).unwrap_err()
}

#[test]
fn the_conflict_names_the_relation_and_the_id_of_the_missing_parent() {
    for (relation, id) in [(ReplyFields::POST, 7), (ReplyFields::AUTHOR, 1)] {
        let error = create_reply(relation, |session, new| {
            create(session, &caller(1, [Scope::PostsWrite]), new, at(100))
        });
        assert_conflict::<()>(Err(error), Conflict::ParentMissing(relation, id));
    }
}

#[test]
fn only_the_missing_parent_of_the_path_is_not_found() {
    for path in [ReplyFields::POST, ReplyFields::AUTHOR] {
        for missing in [ReplyFields::POST, ReplyFields::AUTHOR] {
            let error = create_reply(missing, |session, new| {
                create_of(session, &Principal::unrestricted(), path, new, at(100))
            });
            match (path == missing, path == ReplyFields::POST) {
                (true, true) => assert_not_found::<()>(Err(error), post_id(7)),
                (true, false) => assert_not_found::<()>(Err(error), user_id(1)),
                (false, is_post) => {
                    let id = if is_post { 1 } else { 7 };
                    let conflict = Conflict::ParentMissing(missing, id);
                    assert_conflict::<()>(Err(error), conflict);
                }
            }
        }
    }
}

#[test]
fn a_change_names_the_new_parent_that_is_missing() {
    store_replies(|replies| {
        let stored = reply(7, 1).created(Id::try_from(3).unwrap(), at(100));
        replies.expect_find().return_const(Ok(Some(stored)));
        let missing = RepositoryError::MissingReference(ReplyFields::POST);
        replies.expect_update().return_const(Err(missing));
    });
    let mut change = <ReplyFields as Entity>::Change::default();
    ReplyFields::change_parent(&mut change, ReplyFields::POST, 404);
    let result = patch::<ReplyFields>(
        &mut MockSession::new(),
        &caller(1, [Scope::PostsWrite]),
        Id::try_from(3).unwrap(),
        &change,
        &Precondition::None,
        at(200),
    );
    assert_conflict(result, Conflict::ParentMissing(ReplyFields::POST, 404));
}

#[test]
fn the_parents_of_each_relation_are_read_from_their_own_table() {
    let (mut some_users, mut some_posts) = (users(), posts());
    some_users
        .expect_find_all()
        .with(eq(BTreeSet::from([user_id(1)])))
        .times(1)
        .returning(|_| Ok(BTreeMap::from([(user_id(1), ada())])));
    some_posts
        .expect_find_all()
        .with(eq(BTreeSet::from([post_id(7)])))
        .times(1)
        .returning(|_| Ok(BTreeMap::from([(post_id(7), notes())])));
    let mut session = session_over(some_users, some_posts);
    let replies = [reply(7, 1).created(Id::try_from(3).unwrap(), at(100))];
    let principal = Principal::unrestricted();
    let authors: BTreeMap<Id<UserFields>, _> =
        parents(&mut session, &principal, ReplyFields::AUTHOR, &replies).unwrap();
    assert_eq!(authors, BTreeMap::from([(user_id(1), ada())]));
    let of: BTreeMap<Id<PostFields>, _> =
        parents(&mut session, &principal, ReplyFields::POST, &replies).unwrap();
    assert_eq!(of, BTreeMap::from([(post_id(7), notes())]));
}

#[test]
fn an_error_about_a_relation_of_other_rows_is_a_bug() {
    let error = RepositoryError::MissingReference(PostFields::AUTHOR);
    let error = conflict(error, &reply(7, 1));
    assert!(matches!(error, AppError::Internal(_)), "{error:?}");
}

fn board() -> Id<BoardFields> {
    Id::try_from(5).unwrap()
}

fn delete_board(principal: &Principal, with: &[Relation]) -> Result<(), AppError> {
    delete(
        &mut MockSession::new(),
        principal,
        board(),
        with,
        &Precondition::None,
    )
}

#[test]
fn a_deletion_takes_the_named_children_and_no_others() {
    let (replies, pins) = (BoardFields::REPLIES, BoardFields::PINS);
    for (with, expected) in [
        (vec![], vec!["board"]),
        (vec![replies], vec!["replies", "board"]),
        (vec![pins], vec!["pins", "board"]),
        (vec![pins, replies], vec!["replies", "pins", "board"]),
        // Not children of boards.
        (vec![ReplyFields::AUTHOR], vec!["board"]),
    ] {
        deletions();
        delete_board(&Principal::unrestricted(), &with).unwrap();
        assert_eq!(deletions(), expected);
    }
}

#[test]
fn a_deletion_takes_the_right_to_delete_the_named_children() {
    // User 1 may write the replies of the board, but not its pins.
    let caller = caller(1, [Scope::PostsWrite]);
    deletions();
    delete_board(&caller, &[BoardFields::REPLIES]).unwrap();
    assert_eq!(deletions(), ["replies", "board"]);
    for with in [
        vec![BoardFields::PINS],
        vec![BoardFields::REPLIES, BoardFields::PINS],
    ] {
        assert_denied(delete_board(&caller, &with), Denial::NotYours);
        assert!(deletions().is_empty());
    }
}

#[test]
fn the_conflict_names_the_children_that_are_left() {
    for relation in [BoardFields::REPLIES, BoardFields::PINS] {
        fail_deletion("board", RepositoryError::StillReferenced(relation));
        let kept = delete_board(&Principal::unrestricted(), &[]);
        assert_conflict(kept, Conflict::StillReferenced(relation, board().into()));
    }
}

#[test]
fn a_deletion_runs_again_only_for_the_children_that_it_takes() {
    let (replies, pins) = (BoardFields::REPLIES, BoardFields::PINS);
    let principal = Principal::unrestricted();
    fail_deletion("board", RepositoryError::StillReferenced(replies));
    assert_runs_again(delete_board(&principal, &[replies]));
    fail_deletion("board", RepositoryError::StillReferenced(pins));
    let kept = delete_board(&principal, &[replies]);
    assert_conflict(kept, Conflict::StillReferenced(pins, board().into()));
}

#[test]
fn children_that_have_children_of_their_own_are_reported() {
    deletions();
    fail_deletion("pins", RepositoryError::StillReferenced(ReplyFields::POST));
    let with = [BoardFields::REPLIES, BoardFields::PINS];
    let kept = delete_board(&Principal::unrestricted(), &with);
    let expected = Conflict::StillReferenced(ReplyFields::POST, board().into());
    assert_conflict(kept, expected);
    assert_eq!(deletions(), ["replies", "pins"]);
}

#[test]
fn failures_of_the_deletion_of_children_pass() {
    assert_failures_pass(|failure| {
        fail_deletion("replies", failure);
        delete_board(&Principal::unrestricted(), &[BoardFields::REPLIES])
    });
}
