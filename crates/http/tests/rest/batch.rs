//! `POST /batch`.

use std::sync::Arc;

use byline_application::testing::ImmediateStore;
use byline_application::{
    Intent, MockPostRepository, MockUserRepository, Reference, RepositoryError, UniqueKey,
};
use byline_domain::{NewPost, NewUser};
use byline_http::{Api, Settings};
use serde_json::{Value, json};

use crate::support::{
    Answer, NOW, ada, api, api_with, notes, post_id, request, send, send_json, session, settings,
    untouched, user_id,
};

async fn batch(api: &Api, operations: &Value) -> Answer {
    let body = json!({"operations": operations}).to_string();
    send_json(api, "POST", "/batch", body).await
}

/// Users and posts in version 3 under every id; new users get ids from 11 on,
/// new posts ids from 21 on.
fn repositories() -> (MockUserRepository, MockPostRepository) {
    let (mut users, mut posts) = (ada(3), notes(3));
    users
        .expect_insert()
        .returning(|new, now| Ok(new.clone().created(user_id(11), now)));
    users.expect_insert_all().returning(|new: &[NewUser], now| {
        let ids = (11..).map(user_id);
        let created = new.iter().cloned().zip(ids);
        Ok(created.map(|(new, id)| new.created(id, now)).collect())
    });
    posts
        .expect_insert()
        .returning(|new, now| Ok(new.clone().created(post_id(21), now)));
    posts.expect_insert_all().returning(|new: &[NewPost], now| {
        let ids = (21..).map(post_id);
        let created = new.iter().cloned().zip(ids);
        Ok(created.map(|(new, id)| new.created(id, now)).collect())
    });
    posts.expect_delete_of().returning(|_| Ok(()));
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
async fn nothing_is_a_batch_too() {
    let answer = batch(&everything(), &json!([])).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!([])));
}

#[actix_web::test]
async fn a_thousand_operations_are_taken_and_no_more() {
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
async fn every_fault_of_every_operation_is_listed() {
    let api = untouched();
    for (operations, faults) in [
        (json!(null), vec!["/operations null"]),
        (json!(7), vec!["/operations wrong-type"]),
        (json!({}), vec!["/operations wrong-type"]),
        (
            json!([1, null, [], "x"]),
            vec![
                "/operations/0 wrong-type",
                "/operations/1 wrong-type",
                "/operations/2 wrong-type",
                "/operations/3 wrong-type",
            ],
        ),
        (
            json!([{}, {"op": "merge", "type": 1}, {"op": null, "type": "page", "nick": 1}]),
            vec![
                "/operations/0/op required",
                "/operations/0/type required",
                "/operations/1/op unknown-word",
                "/operations/1/type wrong-type",
                "/operations/2/nick unknown-member",
                "/operations/2/op null",
                "/operations/2/type unknown-word",
            ],
        ),
        (
            json!([
                create_user("x"),
                {"op": "create", "type": "user"},
                {"op": "create", "type": "user", "data": 1},
                {"op": "create", "type": "post", "data": {"id": 1, "user_id": "1", "title": null}},
            ]),
            vec![
                "/operations/0/data/email not-an-email-address",
                "/operations/1/data required",
                "/operations/2/data wrong-type",
                "/operations/3/data/id read-only",
                "/operations/3/data/user_id wrong-type",
                "/operations/3/data/title null",
                "/operations/3/data/content required",
            ],
        ),
        (
            json!([
                {"op": "update", "type": "user", "data": {"name": null}},
                {"op": "update", "type": "post", "id": 0, "data": {"title": " "}},
                {"op": "update", "type": "post", "id": 1, "if_match": "3"},
                {"op": "delete", "type": "post", "id": "1", "if_match": 3},
                {"op": "delete", "type": "user", "posts": "keep"},
            ]),
            vec![
                "/operations/0/data/name null",
                "/operations/0/id required",
                "/operations/1/data/title blank",
                "/operations/1/id out-of-range",
                "/operations/2/if_match malformed-tags",
                "/operations/2/data required",
                "/operations/3/if_match wrong-type",
                "/operations/3/id wrong-type",
                "/operations/4/id required",
                "/operations/4/posts unknown-word",
            ],
        ),
        (
            json!([
                {"op": "create", "type": "user", "id": 1, "if_match": "*",
                 "data": {"name": "N", "email": "n@example.org"}},
                {"op": "update", "type": "user", "id": 1, "ref": "x", "posts": "delete", "data": {}},
                {"op": "delete", "type": "post", "id": 1, "data": {}, "posts": "delete"},
            ]),
            vec![
                "/operations/0/id unknown-member",
                "/operations/0/if_match unknown-member",
                "/operations/1/ref unknown-member",
                "/operations/1/posts unknown-member",
                "/operations/2/data unknown-member",
                "/operations/2/posts unknown-member",
            ],
        ),
    ] {
        let answer = batch(&api, &operations).await;
        assert_eq!(
            answer.problem(),
            (422, "invalid-fields".into()),
            "{operations}"
        );
        let mut found = answer.faults();
        let mut expected: Vec<_> = faults.into_iter().map(str::to_owned).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{operations}");
    }
    for body in ["{}", "[]", r#"{"operations": [], "mode": "x"}"#] {
        let answer = send_json(&api, "POST", "/batch", body).await;
        assert_eq!(answer.problem(), (422, "invalid-fields".into()), "{body}");
    }
}

#[actix_web::test]
async fn members_given_twice_are_found_at_every_depth() {
    let body = r#"{"operations": [{"op": "create", "op": "create", "type": "user",
        "data": {"name": "N", "name": "M", "email": "n@example.org"}}]}"#;
    let answer = send_json(&untouched(), "POST", "/batch", body).await;
    assert_eq!(
        answer.faults(),
        [
            "/operations/0/data/name duplicate-member",
            "/operations/0/op duplicate-member",
        ]
    );
}

#[actix_web::test]
async fn references_lead_back_to_users() {
    let named = |name: &str, kind: &str| {
        let data = match kind {
            "user" => json!({"name": "N", "email": "n@example.org"}),
            _ => json!({"user_id": 1, "title": "T", "content": ""}),
        };
        json!({"op": "create", "type": kind, "ref": name, "data": data})
    };
    let refer = |name: &str| create_post(&json!({"$ref": name}));
    let long = "x".repeat(256);
    for (operations, faults) in [
        (
            json!([refer("a")]),
            vec!["/operations/0/data/user_id unknown-ref"],
        ),
        (
            json!([refer("a"), named("a", "user")]),
            vec!["/operations/0/data/user_id unknown-ref"],
        ),
        (
            json!([named("a", "user"), refer("A")]),
            vec!["/operations/1/data/user_id unknown-ref"],
        ),
        (
            json!([named("a", "post"), refer("a")]),
            vec!["/operations/1/data/user_id not-a-user"],
        ),
        (
            json!([{"op": "create", "type": "post", "ref": "a",
                    "data": {"user_id": {"$ref": "a"}, "title": "T", "content": ""}}]),
            vec!["/operations/0/data/user_id unknown-ref"],
        ),
        (
            json!([named("a", "user"), named("a", "user")]),
            vec!["/operations/1/ref duplicate-ref"],
        ),
        (json!([named("", "user")]), vec!["/operations/0/ref blank"]),
        (
            json!([named(&long, "user")]),
            vec!["/operations/0/ref too-long"],
        ),
        (
            json!([
                create_post(&json!({"$ref": 1})),
                create_post(&json!({"$ref": "a", "b": 1})),
                create_post(&json!({}))
            ]),
            vec![
                "/operations/0/data/user_id wrong-type",
                "/operations/1/data/user_id wrong-type",
                "/operations/2/data/user_id wrong-type",
            ],
        ),
        // What is wrong with the user is not held against its posts.
        (
            json!([{"op": "create", "type": "user", "ref": "a", "data": {}}, refer("a")]),
            vec![
                "/operations/0/data/name required",
                "/operations/0/data/email required",
            ],
        ),
    ] {
        let answer = batch(&untouched(), &operations).await;
        assert_eq!(answer.faults(), faults, "{operations}");
    }
}

#[actix_web::test]
async fn hordes_of_faults_do_not_swell_the_answer() {
    let operations: Value = (0..1000)
        .map(|_| json!({"op": "create", "type": "post", "data": {}}))
        .collect();
    let answer = batch(&untouched(), &operations).await;
    assert_eq!(answer.problem(), (422, "invalid-fields".into()));
    assert_eq!(answer.faults().len(), 1000);
}

#[actix_web::test]
async fn json_that_is_none_is_refused_wherever_it_is() {
    let deep = "[".repeat(300) + &"]".repeat(300);
    for operation in [
        r#"{"op": "create", "type": "user", "data": {"name": "\ud800"}}"#.to_owned(),
        r#"{"op": "\ud800"}"#.to_owned(),
        format!(r#"{{"op": "create", "type": "user", "data": {{"name": {deep}}}}}"#),
        deep,
    ] {
        let body = format!("{{\"operations\": [{operation}]}}");
        let answer = send_json(&untouched(), "POST", "/batch", body).await;
        let status = answer.status.as_u16();
        assert!([400, 422].contains(&status), "{operation}");
        answer.code();
    }
}

#[actix_web::test]
async fn a_failure_names_its_operation() {
    let delete = |id: i64| json!({"op": "delete", "type": "post", "id": id});
    let (users, mut posts) = repositories();
    posts.checkpoint();
    posts
        .expect_find()
        .returning(|id| Ok((id.get() != 404).then(|| crate::support::post(id.get(), 3))));
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
        .returning(|_, _| Err(RepositoryError::MissingReference(Reference::PostAuthor)));
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
        .expect_find()
        .returning(|id| Ok(Some(crate::support::user(id.get(), 3))));
    users
        .expect_delete()
        .returning(|_, _| Err(RepositoryError::StillReferenced(Reference::PostAuthor)));
    let operations = json!([{"op": "delete", "type": "user", "id": 7}]);
    let answer = batch(&api(users, notes(3)), &operations).await;
    assert_eq!(answer.problem(), (409, "user-has-posts".into()));
    assert_eq!(answer.faults(), ["/operations/0/id user-has-posts"]);
}

#[actix_web::test]
async fn conditions_may_be_demanded() {
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
async fn a_batch_is_a_write_like_any_other() {
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
    assert_eq!(store.intents().last(), Some(&Intent::Rehearse));
    let minimal = send(&api, send_with(("prefer", "return=minimal"))).await;
    assert_eq!((minimal.status.as_u16(), minimal.body.len()), (204, 0));
}
