use byline_domain::policy::{Denial, Principal, Scope};
use byline_domain::{Content, NewPost, Post, PostChange, PostId, Title, User};
use mockall::predicate::eq;

use super::{count, create, create_of, delete, list, list_of, patch, read, replace};
use crate::fixtures::{
    ada, all_but, assert_failures_pass, at, caller, session_over, user_id, version,
};
use crate::{
    AppError, Conflict, Direction, EntityRef, KeysetPosition, Limit, MockPostRepository,
    MockSession, MockUserRepository, Page, PostOrder, PostQuery, Precondition, Reference,
    RepositoryError, Seek,
};

mod changes;
mod deletions;
mod hidden;

/// A session over posts only: the users are not asked.
fn session_of(posts: MockPostRepository) -> MockSession {
    session_over(MockUserRepository::new(), posts)
}

fn post_id() -> PostId {
    PostId::try_from(7).unwrap()
}

fn new_post(author: i64) -> NewPost {
    NewPost {
        user_id: user_id(author),
        title: Title::parse("Notes").unwrap(),
        content: Content::parse("…").unwrap(),
    }
}

/// Post 7, of user 1, as the store has it: created at 100, in version 1.
fn notes() -> Post {
    new_post(1).created(post_id(), at(100))
}

/// Posts among which `find` finds the notes, as each change begins.
fn posts_with_notes() -> MockPostRepository {
    let mut posts = MockPostRepository::new();
    posts
        .expect_find()
        .with(eq(post_id()))
        .times(1)
        .return_const(Ok(Some(notes())));
    posts
}

/// Posts among which `find` fails, or finds nothing.
fn posts_that_find(answer: Result<Option<Post>, RepositoryError>) -> MockPostRepository {
    let mut posts = MockPostRepository::new();
    posts.expect_find().times(1).return_const(answer);
    posts
}

mod lists {
    use super::*;

    fn first_page() -> PostQuery {
        PostQuery {
            author: None,
            order: PostOrder::Id(Seek::First),
            direction: Direction::Ascending,
            limit: Limit::default(),
        }
    }

    fn page(items: Vec<Post>) -> Page<Post> {
        Page { items, more: false }
    }

    /// Posts that give this page of the posts of user 1.
    fn posts_that_list(query: &PostQuery, items: Vec<Post>) -> MockPostRepository {
        let query = PostQuery {
            author: Some(user_id(1)),
            ..query.clone()
        };
        let mut posts = MockPostRepository::new();
        posts
            .expect_list()
            .with(eq(query))
            .times(1)
            .return_const(Ok(page(items)));
        posts
    }

    #[test]
    fn give_the_page_of_the_store() {
        let mut posts = MockPostRepository::new();
        posts
            .expect_list()
            .with(eq(first_page()))
            .times(1)
            .return_const(Ok(page(vec![notes()])));
        let reader = caller(2, [Scope::PostsRead]);
        let listed = list(&mut session_of(posts), &reader, &first_page());
        assert_eq!(listed.unwrap(), page(vec![notes()]));
    }

    #[test]
    fn need_the_scope_before_the_store_is_asked() {
        let (principal, query) = (caller(1, all_but(Scope::PostsRead)), first_page());
        let expected = Denial::MissingScope(Scope::PostsRead);
        for denied in [
            list(&mut MockSession::new(), &principal, &query),
            list_of(&mut MockSession::new(), &principal, user_id(1), &query),
        ] {
            assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
        }
    }

    #[test]
    fn of_an_author_have_the_posts_of_that_author_whatever_the_query_says() {
        let elsewhere = PostQuery {
            author: Some(user_id(2)),
            ..first_page()
        };
        let mut session = session_of(posts_that_list(&first_page(), vec![notes()]));
        let reader = caller(2, [Scope::PostsRead]);
        let listed = list_of(&mut session, &reader, user_id(1), &elsewhere);
        assert_eq!(listed.unwrap(), page(vec![notes()]));
    }

    #[test]
    fn of_an_author_without_posts_are_empty() {
        let mut users = MockUserRepository::new();
        users
            .expect_find()
            .with(eq(user_id(1)))
            .times(1)
            .return_const(Ok(Some(ada())));
        let mut session = session_over(users, posts_that_list(&first_page(), Vec::new()));
        // To see that the author exists takes no right to read users.
        let reader = caller(2, [Scope::PostsRead]);
        let listed = list_of(&mut session, &reader, user_id(1), &first_page());
        assert_eq!(listed.unwrap(), page(Vec::new()));
    }

    #[test]
    fn of_an_author_name_the_one_that_does_not_exist() {
        let mut users = MockUserRepository::new();
        users.expect_find().times(1).return_const(Ok(None));
        let mut session = session_over(users, posts_that_list(&first_page(), Vec::new()));
        let principal = Principal::unrestricted();
        let missing = list_of(&mut session, &principal, user_id(1), &first_page());
        assert!(
            matches!(missing, Err(AppError::NotFound(EntityRef::User(id))) if id == user_id(1))
        );
    }

    #[test]
    fn of_an_author_may_end_on_an_empty_page_if_there_is_the_author() {
        let at = KeysetPosition { key: (), id: 1 };
        for seek in [Seek::After(at), Seek::Before(at)] {
            let query = PostQuery {
                order: PostOrder::Id(seek),
                ..first_page()
            };
            let list_past_the_end = |found| {
                let mut users = MockUserRepository::new();
                users.expect_find().times(1).return_const(Ok(found));
                let mut session = session_over(users, posts_that_list(&query, Vec::new()));
                list_of(&mut session, &Principal::unrestricted(), user_id(1), &query)
            };
            assert_eq!(list_past_the_end(Some(ada())).unwrap(), page(Vec::new()));
            assert!(matches!(
                list_past_the_end(None),
                Err(AppError::NotFound(EntityRef::User(id))) if id == user_id(1)
            ));
        }
    }

    #[test]
    fn pass_failures_on() {
        let principal = Principal::unrestricted();
        let failing = |failure| {
            let mut posts = MockPostRepository::new();
            posts.expect_list().return_const(Err(failure));
            session_of(posts)
        };
        assert_failures_pass(|failure| list(&mut failing(failure), &principal, &first_page()));
        assert_failures_pass(|failure| {
            list_of(&mut failing(failure), &principal, user_id(1), &first_page())
        });
        assert_failures_pass(|failure| {
            let mut users = MockUserRepository::new();
            users.expect_find().return_const(Err(failure));
            let mut session = session_over(users, posts_that_list(&first_page(), Vec::new()));
            list_of(&mut session, &principal, user_id(1), &first_page())
        });
        assert_failures_pass(|failure| {
            let mut posts = MockPostRepository::new();
            posts.expect_count().return_const(Err(failure));
            count(&mut session_of(posts), &principal, &first_page())
        });
    }

    #[test]
    fn are_counted() {
        let mut posts = MockPostRepository::new();
        posts
            .expect_count()
            .with(eq(first_page()))
            .times(1)
            .return_const(Ok(17));
        let reader = caller(2, [Scope::PostsRead]);
        let counted = count(&mut session_of(posts), &reader, &first_page());
        assert_eq!(counted.unwrap(), 17);
    }
}

mod authors {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::posts::authors;

    /// Users among whom these, asked for once, are found.
    fn users_with(found: Vec<User>) -> MockUserRepository {
        let mut users = MockUserRepository::new();
        users
            .expect_find_all()
            .with(eq(BTreeSet::from([user_id(1)])))
            .times(1)
            .returning(move |_| Ok(found.iter().map(|user| (user.id, user.clone())).collect()));
        users
    }

    fn session(users: MockUserRepository) -> MockSession {
        session_over(users, MockPostRepository::new())
    }

    #[test]
    fn of_several_posts_are_asked_for_once() {
        let reader = caller(2, [Scope::UsersRead]);
        let found = authors(
            &mut session(users_with(vec![ada()])),
            &reader,
            &[notes(), notes()],
        );
        assert_eq!(found.unwrap(), BTreeMap::from([(user_id(1), ada())]));
    }

    #[test]
    fn need_the_scope_to_read_users() {
        let principal = caller(1, all_but(Scope::UsersRead));
        let denied = authors(&mut MockSession::new(), &principal, &[notes()]);
        let expected = Denial::MissingScope(Scope::UsersRead);
        assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
    }

    #[test]
    fn that_do_not_exist_are_a_bug() {
        let principal = Principal::unrestricted();
        let missing = authors(&mut session(users_with(Vec::new())), &principal, &[notes()]);
        assert!(matches!(missing, Err(AppError::Internal(_))));
    }

    #[test]
    fn pass_failures_on() {
        assert_failures_pass(|failure| {
            let mut users = MockUserRepository::new();
            users.expect_find_all().return_const(Err(failure));
            authors(&mut session(users), &Principal::unrestricted(), &[notes()])
        });
    }
}

mod reads {
    use super::*;

    #[test]
    fn give_the_post() {
        let reader = caller(2, [Scope::PostsRead]);
        let found = read(&mut session_of(posts_with_notes()), &reader, post_id());
        assert_eq!(found.unwrap(), notes());
    }

    #[test]
    fn name_the_post_that_does_not_exist() {
        let mut session = session_of(posts_that_find(Ok(None)));
        let missing = read(&mut session, &Principal::unrestricted(), post_id());
        assert!(matches!(missing, Err(AppError::NotFound(EntityRef::Post(id))) if id == post_id()));
    }

    #[test]
    fn need_the_scope_before_the_store_is_asked() {
        let principal = caller(1, all_but(Scope::PostsRead));
        let denied = read(&mut MockSession::new(), &principal, post_id());
        let expected = Denial::MissingScope(Scope::PostsRead);
        assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
    }

    #[test]
    fn pass_failures_on() {
        assert_failures_pass(|failure| {
            let mut session = session_of(posts_that_find(Err(failure)));
            read(&mut session, &Principal::unrestricted(), post_id())
        });
    }
}

mod creations {
    use super::*;

    /// Posts whose `insert` of a post of user 1 at 100 answers so.
    fn posts_that_insert(answer: Result<Post, RepositoryError>) -> MockPostRepository {
        let mut posts = MockPostRepository::new();
        posts
            .expect_insert()
            .with(eq(new_post(1)), eq(at(100)))
            .times(1)
            .return_const(answer);
        posts
    }

    #[test]
    fn insert_the_post_at_the_present_moment() {
        let author = caller(1, [Scope::PostsWrite]);
        for creation in [create, create_of] {
            let mut session = session_of(posts_that_insert(Ok(notes())));
            let created = creation(&mut session, &author, &new_post(1), at(100));
            assert_eq!(created.unwrap(), notes());
        }
    }

    #[test]
    fn are_denied_before_the_store_is_asked() {
        for (principal, expected) in [
            (
                caller(1, all_but(Scope::PostsWrite)),
                Denial::MissingScope(Scope::PostsWrite),
            ),
            (caller(2, [Scope::PostsWrite]), Denial::NotYours),
        ] {
            for creation in [create, create_of] {
                let denied = creation(&mut MockSession::new(), &principal, &new_post(1), at(100));
                assert!(matches!(denied, Err(AppError::Forbidden(denial)) if denial == expected));
            }
        }
    }

    #[test]
    fn tell_that_the_author_is_missing() {
        let missing = RepositoryError::MissingReference(Reference::PostAuthor);
        let mut session = session_of(posts_that_insert(Err(missing)));
        let told = create(
            &mut session,
            &Principal::unrestricted(),
            &new_post(1),
            at(100),
        );
        assert!(matches!(
            told,
            Err(AppError::Conflict(Conflict::AuthorMissing(id))) if id == user_id(1)
        ));
    }

    #[test]
    fn among_the_posts_of_nobody_do_not_find_the_author() {
        let missing = RepositoryError::MissingReference(Reference::PostAuthor);
        let mut session = session_of(posts_that_insert(Err(missing)));
        let told = create_of(
            &mut session,
            &Principal::unrestricted(),
            &new_post(1),
            at(100),
        );
        assert!(matches!(told, Err(AppError::NotFound(EntityRef::User(id))) if id == user_id(1)));
    }

    #[test]
    fn pass_failures_on() {
        for creation in [create, create_of] {
            assert_failures_pass(|failure| {
                let mut session = session_of(posts_that_insert(Err(failure)));
                creation(
                    &mut session,
                    &Principal::unrestricted(),
                    &new_post(1),
                    at(100),
                )
            });
        }
    }
}
