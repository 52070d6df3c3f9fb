use byline_application::{Page, PostFilter, PostSortKey, RepositoryError, Seek};
use byline_domain::PostFields;
use serde_json::json;

use crate::support::{
    MockPosts, MockUsers, NOW, api, get, notes, post, post_id, posts, request, send, send_json,
    user_id,
};

#[actix_web::test]
async fn a_post_is_read() {
    for path in ["/posts/9", "/posts/9/"] {
        let answer = get(&posts(notes(2)), path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("etag"), "\"2\"");
        assert_eq!(
            answer.json(),
            json!({
                "id": 9, "user_id": 1, "title": "Notes", "content": "On the engine",
                "created_at": NOW, "updated_at": NOW,
            })
        );
    }
}

fn creating() -> MockPosts {
    let mut repository = MockPosts::new();
    repository
        .expect_insert()
        .once()
        .returning(|new, now| Ok(new.clone().created(post_id(4), now)));
    repository
}

fn authorless() -> MockPosts {
    let mut repository = MockPosts::new();
    repository
        .expect_insert()
        .returning(|_, _| Err(RepositoryError::MissingReference(PostFields::AUTHOR)));
    repository
}

#[actix_web::test]
async fn a_post_is_created() {
    for (path, body) in [
        ("/posts", r#"{"user_id":3,"title":"T","content":""}"#),
        ("/users/3/posts", r#"{"title":"T","content":""}"#),
        ("/users/3/posts/", r#"{"title":"T","content":""}"#),
    ] {
        let answer = send_json(&posts(creating()), "POST", path, body).await;
        assert_eq!(answer.status, 201, "{path}");
        assert_eq!(answer.header("location"), "/posts/4");
        assert_eq!(answer.header("etag"), "\"1\"");
        assert_eq!(answer.json()["user_id"], 3);
    }
}

#[actix_web::test]
async fn a_missing_author_is_a_conflict_in_the_body_and_absent_in_the_path() {
    let body = r#"{"user_id":3,"title":"T","content":""}"#;
    let answer = send_json(&posts(authorless()), "POST", "/posts", body).await;
    assert_eq!(answer.problem(), (409, "author-missing".into()));
    assert_eq!(answer.faults(), ["/user_id author-missing"]);

    let body = r#"{"title":"T","content":""}"#;
    let answer = send_json(&posts(authorless()), "POST", "/users/3/posts", body).await;
    assert_eq!(answer.problem(), (404, "not-found".into()));
}

#[actix_web::test]
async fn only_the_path_names_the_author() {
    let body = r#"{"user_id":3,"title":"T","content":""}"#;
    let answer = send_json(&posts(notes(1)), "POST", "/users/3/posts", body).await;
    assert_eq!(answer.problem(), (422, "invalid-fields".into()));
    assert_eq!(answer.faults(), ["/user_id read-only"]);
}

#[actix_web::test]
async fn a_post_is_replaced_patched_and_deleted() {
    let whole = r#"{"user_id":2,"title":"T","content":"C"}"#;
    let answer = send_json(&posts(notes(1)), "PUT", "/posts/9", whole).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("etag"), "\"2\"");
    assert_eq!(answer.json()["user_id"], 2);

    let answer = send_json(&posts(notes(1)), "PATCH", "/posts/9", r#"{"content":"C"}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["title"], "Notes");
    assert_eq!(answer.json()["content"], "C");

    let answer = send(&posts(notes(1)), request("DELETE", "/posts/9")).await;
    assert_eq!(answer.status, 204);
}

#[actix_web::test]
async fn a_replacement_requires_every_member() {
    let answer = send_json(&posts(notes(1)), "PUT", "/posts/9", "{}").await;
    assert_eq!(
        answer.faults(),
        ["/user_id required", "/title required", "/content required"]
    );
}

#[actix_web::test]
async fn posts_of_one_user_are_listed() {
    let mut repository = MockPosts::new();
    repository
        .expect_list()
        .withf(|query| {
            query.filter == Some(PostFilter::Author(user_id(1)))
                && query.sort == PostSortKey::Id
                && query.window.seek == Seek::First
        })
        .once()
        .returning(|_| {
            Ok(Page {
                items: vec![post(1, 1), post(2, 1)],
                more: false,
            })
        });
    let answer = get(&posts(repository), "/users/1/posts").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()[1]["id"], 2);
    assert_eq!(answer.header("link"), "</users/1/posts>; rel=\"first\"");
}

#[actix_web::test]
async fn posts_of_an_absent_user_are_not_found() {
    let mut none = MockPosts::new();
    none.expect_list().returning(|_| {
        Ok(Page {
            items: vec![],
            more: false,
        })
    });
    let mut no_users = MockUsers::new();
    no_users.expect_find().returning(|_| Ok(None));
    let answer = get(&api(no_users, none), "/users/1/posts").await;
    assert_eq!(answer.problem(), (404, "not-found".into()));
}
