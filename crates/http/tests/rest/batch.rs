//! `POST /batch`.

use std::sync::Arc;

use byline_application::testing::ImmediateStore;
use byline_application::{Intent, RepositoryError, UniqueKey};
use byline_domain::{PostFields, PostId, UserFields};
use byline_http::{Api, Settings};
use serde_json::{Value, json};

use crate::support::{
    Answer, MockPosts, MockUsers, NOW, ada, api, api_with, notes, post_id, request, send,
    send_json, session, settings, untouched, user_id,
};

mod faults;

async fn batch(api: &Api, operations: &Value) -> Answer {
    let body = json!({"operations": operations}).to_string();
    send_json(api, "POST", "/batch", body).await
}

/// Returns repositories with a user and a post in version 3 for every id. New users get
/// ids from 11 on, new posts ids from 21 on.
fn repositories() -> (MockUsers, MockPosts) {
    let (mut users, mut posts) = (ada(3), notes(3));
    users
        .expect_insert()
        .returning(|new, now| Ok(new.clone().created(user_id(11), now)));
    users
        .expect_insert_all()
        .returning(|new: &[UserFields], now| {
            let ids = (11..).map(user_id);
            let created = new.iter().cloned().zip(ids);
            Ok(created.map(|(new, id)| new.created(id, now)).collect())
        });
    posts
        .expect_insert()
        .returning(|new, now| Ok(new.clone().created(post_id(21), now)));
    posts
        .expect_insert_all()
        .returning(|new: &[PostFields], now| {
            let ids = (21..).map(post_id);
            let created = new.iter().cloned().zip(ids);
            Ok(created.map(|(new, id)| new.created(id, now)).collect())
        });
    posts.expect_delete_all().returning(|_| Ok(()));
    (users, posts)
}

fn everything() -> Api {
    let (users, posts) = repositories();
    api(users, posts)
}

fn create_user(email: &str) -> Value {
    json!({"op": "create", "type": "user", "data": {"name": "N", "email": email}})
}

fn create_post(author: &Value) -> Value {
    json!({
        "op": "create", "type": "post",
        "data": {"user_id": author, "title": "T", "content": ""},
    })
}

fn created(kind: &str, id: i64) -> Value {
    json!({
        "status": 201, "type": kind, "id": id, "etag": "\"1\"",
        "created_at": NOW, "updated_at": NOW,
    })
}

#[actix_web::test]
async fn every_operation_has_its_result_in_order() {
    let operations = json!([
        {"op": "create", "type": "user", "ref": "ada", "data": {"name": "Ada", "email": "a@example.org"}},
        create_post(&json!({"$ref": "ada"})),
        {"op": "update", "type": "post", "id": 7, "if_match": "\"3\"", "data": {"title": "…"}},
        {"op": "update", "type": "post", "id": 7, "data": {"user_id": {"$ref": "ada"}}},
        {"op": "update", "type": "user", "id": 1, "if_match": "*", "data": {"id": 1, "name": "M"}},
        {"op": "delete", "type": "post", "id": 8, "if_match": "\"1\", \"3\""},
        {"op": "delete", "type": "user", "id": 2, "posts": "delete"},
    ]);
    let answer = batch(&everything(), &operations).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("etag"), "");
    let updated = |kind: &str, id: i64| {
        json!({
            "status": 200, "type": kind, "id": id, "etag": "\"4\"",
            "created_at": NOW, "updated_at": NOW,
        })
    };
    assert_eq!(
        answer.json(),
        json!([
            created("user", 11),
            created("post", 21),
            updated("post", 7),
            updated("post", 7),
            updated("user", 1),
            {"status": 204, "type": "post", "id": 8},
            {"status": 204, "type": "user", "id": 2},
        ])
    );
}

#[actix_web::test]
async fn an_empty_batch_succeeds() {
    let answer = batch(&everything(), &json!([])).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!([])));
}

#[actix_web::test]
async fn at_most_a_thousand_operations_are_accepted() {
    let operations = |count: usize| {
        (0..count)
            .map(|n| create_user(&format!("u{n}@example.org")))
            .collect::<Value>()
    };
    let answer = batch(&everything(), &operations(1000)).await;
    assert_eq!(answer.status, 200);
    let results = answer.json();
    assert_eq!(results.as_array().unwrap().len(), 1000);
    assert_eq!(results[999], created("user", 1010));
    let answer = batch(&untouched(), &operations(1001)).await;
    assert_eq!(answer.problem(), (422, "invalid-fields".into()));
    assert_eq!(answer.faults(), ["/operations too-many-operations"]);
}

#[actix_web::test]
async fn a_failure_names_its_operation() {
    let delete = |id: i64| json!({"op": "delete", "type": "post", "id": id});
    let (users, mut posts) = repositories();
    posts.checkpoint();
    let find = |id: PostId| Ok((id.get() != 404).then(|| crate::support::post(id.get(), 3)));
    posts.expect_find().returning(find);
    posts.expect_find_for_update().returning(find);
    posts.expect_delete().returning(|_, _| Ok(true));
    let api = api(users, posts);

    let answer = batch(&api, &json!([delete(1), delete(404)])).await;
    assert_eq!(answer.problem(), (404, "not-found".into()));
    assert_eq!(answer.faults(), ["/operations/1/id not-found"]);
    assert_eq!(
        answer.json()["detail"],
        "Operation 1: There is no post 404."
    );

    let stale = json!({"op": "update", "type": "post", "id": 1, "if_match": "\"2\"", "data": {}});
    let answer = batch(&api, &json!([delete(1), delete(1), stale])).await;
    assert_eq!(answer.problem(), (412, "precondition-failed".into()));
    assert_eq!(
        answer.faults(),
        ["/operations/2/if_match precondition-failed"]
    );
}

#[actix_web::test]
async fn a_conflict_points_to_the_data_of_its_operation() {
    let (mut users, mut posts) = (ada(3), notes(3));
    users
        .expect_insert_all()
        .returning(|_, _| Err(RepositoryError::Duplicate(UniqueKey::UserEmail)));
    users.expect_insert().returning(|new, now| {
        if new.email.as_str() == "taken@example.org" {
            return Err(RepositoryError::Duplicate(UniqueKey::UserEmail));
        }
        Ok(new.clone().created(user_id(11), now))
    });
    posts
        .expect_insert()
        .returning(|_, _| Err(RepositoryError::MissingReference(PostFields::AUTHOR)));
    let api = api(users, posts);

    let operations = json!([
        create_user("a@example.org"),
        create_user("taken@example.org")
    ]);
    let answer = batch(&api, &operations).await;
    assert_eq!(answer.problem(), (409, "email-taken".into()));
    assert_eq!(answer.faults(), ["/operations/1/data/email email-taken"]);

    let answer = batch(&api, &json!([create_post(&json!(404))])).await;
    assert_eq!(answer.problem(), (409, "author-missing".into()));
    assert_eq!(
        answer.faults(),
        ["/operations/0/data/user_id author-missing"]
    );
}

#[actix_web::test]
async fn a_user_who_still_has_posts_is_named_by_its_id() {
    let mut users = ada(3);
    users.checkpoint();
    users
        .expect_find_for_update()
        .returning(|id| Ok(Some(crate::support::user(id.get(), 3))));
    users
        .expect_delete()
        .returning(|_, _| Err(RepositoryError::StillReferenced(PostFields::AUTHOR)));
    let operations = json!([{"op": "delete", "type": "user", "id": 7}]);
    let answer = batch(&api(users, notes(3)), &operations).await;
    assert_eq!(answer.problem(), (409, "user-has-posts".into()));
    assert_eq!(answer.faults(), ["/operations/0/id user-has-posts"]);
}

#[actix_web::test]
async fn if_match_can_be_required() {
    let (users, posts) = repositories();
    let settings = Settings {
        require_if_match: true,
        ..settings()
    };
    let store = Arc::new(ImmediateStore::new(session(users, posts)));
    let api = api_with(store, settings);
    let operations = json!([
        create_user("a@example.org"),
        {"op": "update", "type": "user", "id": 1, "data": {}},
        {"op": "delete", "type": "post", "id": 1},
        {"op": "delete", "type": "post", "id": 1, "if_match": "*"},
    ]);
    let answer = batch(&api, &operations).await;
    assert_eq!(answer.problem(), (428, "precondition-required".into()));
    assert_eq!(
        answer.faults(),
        [
            "/operations/1/if_match required",
            "/operations/2/if_match required"
        ]
    );
}

#[actix_web::test]
async fn keys_and_preferences_apply_to_batches() {
    let (users, posts) = repositories();
    let store = Arc::new(ImmediateStore::new(session(users, posts)));
    let api = api_with(store.clone(), settings());
    let body = json!({"operations": [create_user("a@example.org")]}).to_string();
    let send_with = |header: (&'static str, &'static str)| {
        request("POST", "/batch")
            .insert_header(("content-type", "application/json"))
            .insert_header(header)
            .set_payload(body.clone())
    };
    let first = send(&api, send_with(("idempotency-key", "k"))).await;
    let again = send(&api, send_with(("idempotency-key", "k"))).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.json(), again.json());
    let other = json!({"operations": [create_user("b@example.org")]}).to_string();
    let reused = send_with(("idempotency-key", "k")).set_payload(other);
    assert_eq!(
        send(&api, reused).await.problem(),
        (422, "key-reused".into())
    );

    let tried = send(&api, send_with(("prefer", "tx=rollback"))).await;
    assert_eq!(tried.json(), first.json());
    assert_eq!(tried.header("preference-applied"), "tx=rollback");
    assert_eq!(store.intents().last(), Some(&Intent::DryRun));
    let minimal = send(&api, send_with(("prefer", "return=minimal"))).await;
    assert_eq!((minimal.status.as_u16(), minimal.body.len()), (204, 0));
}
