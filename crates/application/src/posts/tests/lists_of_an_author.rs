use super::*;
use crate::{KeysetPosition, ListQuery, Page, Seek, SortValue};

fn posts_of_ada() -> ListQuery<PostFields> {
    ListQuery {
        filter: Some(PostFilter::Author(user_id(1))),
        ..ListQuery::default()
    }
}

fn page(items: Vec<Post>) -> Page<Post> {
    Page { items, more: false }
}

/// Returns posts that give this page for `query`, once.
fn posts_that_list(query: &ListQuery<PostFields>, items: Vec<Post>) -> MockRepository<PostFields> {
    let mut rows = posts();
    rows.expect_list()
        .with(eq(query.clone()))
        .times(1)
        .return_const(Ok(page(items)));
    rows
}

/// Lists the posts of user 1.
fn list_of_ada(
    session: &mut MockSession,
    principal: &Principal,
    query: &ListQuery<PostFields>,
) -> Result<Page<Post>, AppError> {
    crud::list_of(session, principal, user_id(1), query)
}

#[test]
fn posts_prove_that_their_author_exists() {
    let query = posts_of_ada();
    let mut session = session_of(posts_that_list(&query, vec![notes()]));
    let reader = caller(2, [Scope::PostsRead]);
    let listed = list_of_ada(&mut session, &reader, &query);
    assert_eq!(listed.unwrap(), page(vec![notes()]));
}

#[test]
fn an_author_without_posts_has_an_empty_list() {
    let query = posts_of_ada();
    let users = that_find(Ok(Some(ada())));
    let mut session = session_over(users, posts_that_list(&query, Vec::new()));
    // Checking that the author exists takes no right to read users.
    let reader = caller(2, [Scope::PostsRead]);
    let listed = list_of_ada(&mut session, &reader, &query);
    assert_eq!(listed.unwrap(), page(Vec::new()));
}

#[test]
fn the_missing_author_is_named() {
    let query = posts_of_ada();
    let users = that_find::<UserFields>(Ok(None));
    let mut session = session_over(users, posts_that_list(&query, Vec::new()));
    let missing = list_of_ada(&mut session, &Principal::unrestricted(), &query);
    assert_not_found(missing, user_id(1));
}

#[test]
fn an_empty_page_anywhere_in_the_list_asks_for_the_author() {
    let position = KeysetPosition {
        key: SortValue::None,
        id: 1,
    };
    for seek in [Seek::After(position.clone()), Seek::Before(position)] {
        let query = ListQuery {
            window: seek.into(),
            ..posts_of_ada()
        };
        let list_past_the_end = |author| {
            let users = that_find(Ok(author));
            let mut session = session_over(users, posts_that_list(&query, Vec::new()));
            list_of_ada(&mut session, &Principal::unrestricted(), &query)
        };
        let listed = list_past_the_end(Some(ada()));
        assert_eq!(listed.unwrap(), page(Vec::new()));
        assert_not_found(list_past_the_end(None), user_id(1));
    }
}

#[test]
fn the_scope_is_checked_before_the_store_is_asked() {
    let principal = caller(1, all_but(Scope::PostsRead));
    let denied = list_of_ada(&mut MockSession::new(), &principal, &posts_of_ada());
    assert_denied(denied, Denial::MissingScope(Scope::PostsRead));
}

#[test]
fn failures_pass() {
    let (principal, query) = (Principal::unrestricted(), posts_of_ada());
    assert_failures_pass(|failure| {
        let mut rows = posts();
        rows.expect_list().return_const(Err(failure));
        list_of_ada(&mut session_of(rows), &principal, &query)
    });
    assert_failures_pass(|failure| {
        let users = that_find::<UserFields>(Err(failure));
        let mut session = session_over(users, posts_that_list(&query, Vec::new()));
        list_of_ada(&mut session, &principal, &query)
    });
}
