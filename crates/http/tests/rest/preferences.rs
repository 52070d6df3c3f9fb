//! `Prefer` on writes.

use std::sync::Arc;

use actix_web::test::TestRequest;
use byline_application::testing::ImmediateStore;
use byline_application::{AppError, Conflict, Intent};

use crate::support::{
    Answer, ada, api, api_with, failing, notes, post_id, request, send, session, settings, user_id,
};

const ADA: &str = r#"{"name":"Ada Lovelace","email":"Ada@example.org"}"#;
const POST: &str = r#"{"user_id":1,"title":"T","content":"C"}"#;

/// All kinds of writes: method, path, body and status of success.
const WRITES: [(&str, &str, &str, u16); 9] = [
    ("POST", "/users", ADA, 201),
    ("PUT", "/users/1", ADA, 200),
    ("PATCH", "/users/1", "{}", 200),
    ("DELETE", "/users/1", "", 204),
    ("POST", "/posts", POST, 201),
    (
        "POST",
        "/users/1/posts",
        r#"{"title":"T","content":"C"}"#,
        201,
    ),
    ("PUT", "/posts/1", POST, 200),
    ("PATCH", "/posts/1", "{}", 200),
    ("DELETE", "/posts/1", "", 204),
];

/// Returns a store in which everything succeeds.
fn store() -> Arc<ImmediateStore> {
    let (mut users, mut posts) = (ada(3), notes(3));
    users
        .expect_insert()
        .returning(|new, now| Ok(new.clone().created(user_id(5), now)));
    posts
        .expect_insert()
        .returning(|new, now| Ok(new.clone().created(post_id(5), now)));
    Arc::new(ImmediateStore::new(session(users, posts)))
}

fn write(method: &str, uri: &str, body: &str, prefer: &str) -> TestRequest {
    let request = request(method, uri)
        .insert_header(("content-type", "application/json"))
        .set_payload(body.to_owned());
    match prefer {
        "" => request,
        prefer => request.insert_header(("prefer", prefer.to_owned())),
    }
}

fn same(one: &Answer, other: &Answer) -> bool {
    let headers = ["etag", "location", "content-type", "cache-control"];
    (one.status, &one.body) == (other.status, &other.body)
        && headers
            .iter()
            .all(|name| one.header(name) == other.header(name))
}

#[actix_web::test]
async fn a_dry_run_answers_like_the_write() {
    for (method, uri, body, status) in WRITES {
        let store = store();
        let api = api_with(store.clone(), settings());
        let real = send(&api, write(method, uri, body, "")).await;
        let tried = send(&api, write(method, uri, body, "tx=rollback")).await;
        assert_eq!(real.status, status, "{method} {uri}");
        assert!(same(&real, &tried), "{method} {uri}");
        assert_eq!(real.header("preference-applied"), "");
        assert_eq!(tried.header("preference-applied"), "tx=rollback");
        let intent = match method {
            "POST" => Intent::Create,
            _ => Intent::Write,
        };
        assert_eq!(store.intents(), [intent, Intent::DryRun]);
    }
}

#[actix_web::test]
async fn a_dry_run_fails_like_the_write() {
    let api = failing(Conflict::EmailTaken.into());
    let tried = send(&api, write("POST", "/users", ADA, "tx=rollback")).await;
    assert_eq!(tried.problem(), (409, "email-taken".into()));
    assert_eq!(tried.header("preference-applied"), "tx=rollback");
    let api = failing(AppError::OutcomeUnknown(None));
    let minimal = send(&api, write("POST", "/users", ADA, "return=minimal")).await;
    assert_eq!(minimal.problem(), (503, "outcome-unknown".into()));
    assert_eq!(minimal.header("preference-applied"), "");
}

#[actix_web::test]
async fn minimal_responses_have_no_body() {
    for (method, uri, body, status) in WRITES {
        for (prefer, applied) in [
            ("return=minimal", "return=minimal"),
            ("return=minimal, tx=rollback", "tx=rollback, return=minimal"),
        ] {
            let api = api_with(store(), settings());
            let whole = send(&api, write(method, uri, body, "")).await;
            let minimal = send(&api, write(method, uri, body, prefer)).await;
            let expected = if status == 200 { 204 } else { status };
            assert_eq!(minimal.status, expected, "{method} {uri}");
            assert!(minimal.body.is_empty());
            assert_eq!(minimal.header("content-type"), "");
            assert_eq!(minimal.header("etag"), whole.header("etag"));
            assert_eq!(minimal.header("location"), whole.header("location"));
            assert_eq!(minimal.header("preference-applied"), applied);
        }
    }
}

#[actix_web::test]
async fn preferences_apply_to_replayed_responses() {
    let api = api_with(store(), settings());
    let keyed =
        |prefer| write("PATCH", "/users/1", "{}", prefer).insert_header(("idempotency-key", "k"));
    let minimal = send(&api, keyed("return=minimal")).await;
    let whole = send(&api, keyed("")).await;
    let tried = send(&api, keyed("tx=rollback")).await;
    assert_eq!((minimal.status.as_u16(), whole.status.as_u16()), (204, 200));
    assert_eq!(minimal.header("idempotency-replayed"), "");
    for replay in [&whole, &tried] {
        assert_eq!(replay.header("idempotency-replayed"), "true");
        assert_eq!(replay.json()["id"], 1);
    }
    assert_eq!(tried.header("preference-applied"), "tx=rollback");
}

#[actix_web::test]
async fn other_preferences_are_ignored_and_malformed_ones_refused() {
    let api = api(ada(1), notes(1));
    for prefer in [
        "return=representation",
        "respond-async, wait=10",
        "tx=commit",
    ] {
        let answer = send(&api, write("PATCH", "/users/1", "{}", prefer)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("preference-applied"), "");
        assert!(!answer.body.is_empty());
    }
    let answer = send(&api, write("PATCH", "/users/1", "{}", "tx=\"rollback")).await;
    assert_eq!(answer.problem(), (400, "invalid-header".into()));
}
