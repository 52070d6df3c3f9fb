//! `Idempotency-Key`.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_web::test::TestRequest;
use byline_application::testing::ImmediateStore;
use byline_application::{
    AppError, MockIdempotencyRepository, MockSession, MockStore, RepositoryError,
};
use byline_http::{Api, Settings};

use crate::support::{
    Answer, MockUsers, ada, api, api_with, notes, request, send, settings, user_id, users,
};

const ADA: &str = r#"{"name":"Ada Lovelace","email":"Ada@example.org"}"#;

/// Returns users whose ids begin with 1.
fn counting() -> MockUsers {
    let next = AtomicI64::new(1);
    let mut users = MockUsers::new();
    users.expect_insert().returning(move |new, now| {
        let id = next.fetch_add(1, Ordering::Relaxed);
        Ok(new.clone().created(user_id(id), now))
    });
    users
}

fn keyed(method: &str, uri: &str, key: &str, body: &str) -> TestRequest {
    let body = body.to_owned();
    let request = request(method, uri).insert_header(("idempotency-key", key));
    match method {
        "DELETE" => request,
        _ => request
            .insert_header(("content-type", "application/json"))
            .set_payload(body),
    }
}

async fn post(api: &Api, key: &str, body: &str) -> Answer {
    send(api, keyed("POST", "/users", key, body)).await
}

fn is_replay(answer: &Answer) -> bool {
    let header = answer.header("idempotency-replayed");
    assert!(["", "true"].contains(&header), "{header}");
    header == "true"
}

#[actix_web::test]
async fn a_repeated_request_gets_the_first_response() {
    let api = users(counting());
    let first = post(&api, "a", ADA).await;
    assert_eq!(first.status, 201);
    assert!(!is_replay(&first));
    // Other notations of the same key and the same body.
    let spaced = r#" {"email": "Ada@example.org", "name": "Ada\u0020Lovelace"} "#;
    for (key, body) in [("a", ADA), ("\"a\"", ADA), ("a", spaced)] {
        let again = post(&api, key, body).await;
        assert!(is_replay(&again));
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        for name in ["location", "etag", "content-type", "cache-control"] {
            assert_eq!(again.header(name), first.header(name));
        }
    }
    let slash = send(&api, keyed("POST", "/users/", "a", ADA)).await;
    assert!(is_replay(&slash));

    let other = post(&api, "b", ADA).await;
    assert!(!is_replay(&other));
    assert_eq!(other.header("location"), "/users/2");
}

#[actix_web::test]
async fn every_kind_of_write_is_replayed() {
    let post = r#"{"user_id":1,"title":"T","content":"C"}"#;
    let post_of = r#"{"title":"T","content":"C"}"#;
    for (method, uri, body) in [
        ("POST", "/users", ADA),
        ("PUT", "/users/1", ADA),
        ("PATCH", "/users/1", r#"{"name":"N"}"#),
        ("DELETE", "/users/1", ""),
        ("POST", "/posts", post),
        ("POST", "/users/1/posts", post_of),
        ("PUT", "/posts/1", post),
        ("PATCH", "/posts/1", r#"{"title":"T"}"#),
        ("DELETE", "/posts/1", ""),
    ] {
        let (mut users, mut posts) = (ada(3), notes(3));
        users
            .expect_insert()
            .times(..=1)
            .returning(|new, now| Ok(new.clone().created(user_id(5), now)));
        posts
            .expect_insert()
            .times(..=1)
            .returning(|new, now| Ok(new.clone().created(crate::support::post_id(5), now)));
        let api = api(users, posts);
        let first = send(&api, keyed(method, uri, "k", body)).await;
        let again = send(&api, keyed(method, uri, "k", body)).await;
        assert!(first.status.is_success(), "{method} {uri} {first:?}");
        assert!(!is_replay(&first) && is_replay(&again), "{method} {uri}");
        assert_eq!((first.status, &first.body), (again.status, &again.body));
        assert_eq!(first.header("etag"), again.header("etag"));
        assert_eq!(first.header("location"), again.header("location"));
    }
}

#[actix_web::test]
async fn another_request_with_the_same_key_is_refused() {
    let api = api(ada(1), notes(1));
    let patch = r#"{"name":"N"}"#;
    let first = send(&api, keyed("PATCH", "/users/1", "k", patch)).await;
    assert_eq!(first.status, 200);
    let guarded = keyed("PATCH", "/users/1", "k", patch).insert_header(("if-match", "\"1\""));
    for other in [
        keyed("PATCH", "/users/1", "k", r#"{"name":"M"}"#),
        keyed("PATCH", "/users/1", "k", "{}"),
        keyed("PATCH", "/users/2", "k", patch),
        keyed("PATCH", "/posts/1", "k", "{}"),
        keyed("DELETE", "/users/1", "k", ""),
        keyed("DELETE", "/users/1?posts=delete", "k", ""),
        keyed("POST", "/users", "k", ADA),
        guarded,
    ] {
        let answer = send(&api, other).await;
        assert_eq!(answer.problem(), (422, "key-reused".into()));
        assert!(!is_replay(&answer));
    }
}

#[actix_web::test]
async fn a_replay_does_not_check_preconditions_again() {
    let mut users = ada(1);
    users.checkpoint();
    let version = AtomicI64::new(1);
    users.expect_find().returning(move |id| {
        let version = version.fetch_add(1, Ordering::Relaxed);
        Ok(Some(crate::support::user(id.get(), version)))
    });
    users.expect_update().once().returning(|_, _| Ok(true));
    let api = api(users, notes(1));
    let guarded =
        || keyed("PATCH", "/users/1", "k", r#"{"name":"N"}"#).insert_header(("if-match", "\"1\""));
    assert_eq!(send(&api, guarded()).await.status, 200);
    let again = send(&api, guarded()).await;
    assert_eq!(again.status, 200);
    assert!(is_replay(&again));
    let unkeyed = request("PATCH", "/users/1")
        .insert_header(("content-type", "application/json"))
        .insert_header(("if-match", "\"1\""))
        .set_payload(r#"{"name":"N"}"#);
    assert_eq!(send(&api, unkeyed).await.status, 412);
}

#[actix_web::test]
async fn malformed_keys_are_refused() {
    let api = users(counting());
    let long = "x".repeat(256);
    for key in ["", "a b", "\"a", "a,b", &long] {
        let answer = post(&api, key, ADA).await;
        assert_eq!(answer.problem(), (400, "invalid-header".into()), "{key}");
    }
    let two = keyed("POST", "/users", "a", ADA).append_header(("idempotency-key", "a"));
    assert_eq!(
        send(&api, two).await.problem(),
        (400, "invalid-header".into())
    );
    // Reads ignore it.
    let read = request("GET", "/livez").insert_header(("idempotency-key", ""));
    assert_eq!(send(&api, read).await.status, 200);
}

#[actix_web::test]
async fn a_key_that_stays_locked_is_in_use() {
    let mut keys = MockIdempotencyRepository::new();
    keys.expect_insert().returning(|_, _, _| {
        let cause = std::io::Error::other("locked");
        Err(RepositoryError::LockTimeout(Arc::new(cause)))
    });
    let mut session = MockSession::new();
    session.expect_idempotency().return_var(Box::new(keys));
    let api = api_with(Arc::new(ImmediateStore::new(session)), settings());
    let answer = post(&api, "a", ADA).await;
    assert_eq!(answer.problem(), (409, "key-in-use".into()));
    assert_eq!(answer.header("retry-after"), "1");
}

/// Returns an interface to a store in which a job waits for its key until `answered` is
/// dropped, and sends how the job ended.
fn stuck_in_claim(answered: mpsc::Receiver<()>, ended: mpsc::Sender<Result<(), AppError>>) -> Api {
    let answered = Arc::new(Mutex::new(answered));
    let mut store = MockStore::new();
    store.expect_submit().returning(move |_, _, mut job| {
        let (answered, ended) = (Arc::clone(&answered), ended.clone());
        std::thread::spawn(move || {
            let mut keys = MockIdempotencyRepository::new();
            keys.expect_insert().returning(move |_, _, _| {
                // Nothing is ever sent.
                let _ = answered.lock().unwrap().recv();
                Ok(())
            });
            let mut session = MockSession::new();
            session.expect_idempotency().return_var(Box::new(keys));
            // Without users and posts: the work must not start any more.
            ended.send(job.run(&mut session)).unwrap();
        });
    });
    let settings = Settings {
        request_deadline: Duration::from_millis(20),
        ..settings()
    };
    api_with(Arc::new(store), settings)
}

#[actix_web::test]
async fn waiting_for_a_key_until_the_deadline_changes_nothing() {
    let (until_answered, answered) = mpsc::channel();
    let (ended, how_it_ended) = mpsc::channel();
    let answer = post(&stuck_in_claim(answered, ended), "a", ADA).await;
    assert_eq!(answer.problem(), (409, "key-in-use".into()));
    drop(until_answered);
    let ending = how_it_ended.recv().unwrap();
    assert!(
        matches!(ending, Err(AppError::Unavailable(_))),
        "{ending:?}"
    );
}
