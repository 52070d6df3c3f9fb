//! Stores behind the interface, and a client in front of it.

mod keys;

use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use byline_application::testing::ImmediateStore;
use byline_application::{
    AppError, Authentication, Health, MockClock, MockRepository, MockSession, MockStore, Readiness,
    Store,
};
use byline_domain::{
    Content, EmailAddress, Post, PostFields, PostId, Timestamp, Title, User, UserFields, UserId,
    UserName, Version,
};
use byline_http::{Api, Protection, Settings, configure, request_context};
use serde_json::Value;

use keys::Keys;

pub(crate) type MockUsers = MockRepository<UserFields>;
pub(crate) type MockPosts = MockRepository<PostFields>;

/// 2026-11-22T10:00:00.123456Z
pub(crate) const NOW: &str = "2026-11-22T10:00:00.123456Z";

pub(crate) fn now() -> Timestamp {
    NOW.parse().unwrap()
}

pub(crate) fn settings() -> Settings {
    Settings {
        request_deadline: Duration::from_secs(30),
        require_if_match: false,
        authentication: Authentication::default(),
        log_requests: true,
        protection: Protection::default(),
        tracer: None,
        base_url: None,
        version: "1.2.3",
    }
}

/// Returns an interface to `store` whose clock shows [`NOW`].
pub(crate) fn api_with(store: Arc<dyn Store>, settings: Settings) -> Api {
    let mut clock = MockClock::new();
    clock.expect_now().returning(now);
    Api::new(store, Arc::new(clock), settings)
}

/// Returns an interface to these users and posts.
pub(crate) fn api(users: MockUsers, posts: MockPosts) -> Api {
    api_with(
        Arc::new(ImmediateStore::new(session(users, posts))),
        settings(),
    )
}

pub(crate) fn session(users: MockUsers, posts: MockPosts) -> MockSession {
    let mut session = MockSession::new();
    session.expect_users().return_var(Box::new(users));
    session.expect_posts().return_var(Box::new(posts));
    session
        .expect_idempotency()
        .return_var(Box::new(Keys::default()));
    session
}

pub(crate) fn users(users: MockUsers) -> Api {
    api(users, MockPosts::new())
}

pub(crate) fn posts(posts: MockPosts) -> Api {
    api(MockUsers::new(), posts)
}

/// Returns an interface to a store in which each job fails with `error`.
pub(crate) fn failing(error: AppError) -> Api {
    let mut store = MockStore::new();
    store
        .expect_submit()
        .returning(move |_, _, job| job.finish(Err(error.clone())));
    api_with(Arc::new(store), settings())
}

/// Returns an interface to a store that must not be used: a job panics, which results in
/// a 500.
pub(crate) fn untouched() -> Api {
    let mut store = MockStore::new();
    store.expect_health().returning(|| Health {
        readiness: Readiness::Ready,
        release: None,
        servers: Vec::new(),
    });
    api_with(Arc::new(store), settings())
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Returns the code of a problem after checking its invariants.
    pub(crate) fn code(&self) -> String {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self:?}"
        );
        let problem = self.json();
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["type"], format!("/problems/{code}"));
        assert_eq!(problem["instance"], self.header("x-request-id"));
        for text in ["title", "detail"] {
            assert!(!problem[text].as_str().unwrap().is_empty(), "{problem}");
        }
        let passing = self.status == StatusCode::SERVICE_UNAVAILABLE
            || code == "key-in-use"
            || code == "rate-limited";
        assert_eq!(!self.header("retry-after").is_empty(), passing);
        code.to_owned()
    }

    /// Returns the status and the code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        (self.status.as_u16(), self.code())
    }

    /// Returns the location and the code of all errors, as in `/email blank`.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.code();
        let problem = self.json();
        let errors = problem["errors"].as_array().expect("errors");
        errors
            .iter()
            .map(|fault| {
                let place = fault.get("pointer").or(fault.get("parameter")).unwrap();
                assert!(!fault["detail"].as_str().unwrap().is_empty());
                format!(
                    "{} {}",
                    place.as_str().unwrap(),
                    fault["code"].as_str().unwrap()
                )
            })
            .collect()
    }
}

/// Sends a request unchanged, and checks the headers that nearly all responses have.
pub(crate) async fn send(api: &Api, request: TestRequest) -> Answer {
    let answer = send_as_it_is(api, request).await;
    let policy = "default-src 'none'; frame-ancestors 'none'";
    assert_eq!(answer.header("content-security-policy"), policy);
    answer
}

/// Sends a request unchanged, and checks the headers that all responses have.
pub(crate) async fn send_as_it_is(api: &Api, request: TestRequest) -> Answer {
    let app = init_service(
        App::new()
            .wrap(request_context(api))
            .configure(configure(api)),
    )
    .await;
    let response = call_service(&app, request.to_request()).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = read_body(response).await.to_vec();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(headers.get(name).unwrap(), value);
    }
    assert!(headers.contains_key("cache-control"));
    assert!(headers.contains_key("x-request-id"));
    Answer {
        status,
        headers,
        body,
    }
}

pub(crate) fn request(method: &str, uri: &str) -> TestRequest {
    TestRequest::with_uri(uri).method(method.parse().unwrap())
}

pub(crate) async fn get(api: &Api, uri: &str) -> Answer {
    send(api, TestRequest::get().uri(uri)).await
}

/// Sends a body as `application/json`.
pub(crate) async fn send_json(
    api: &Api,
    method: &str,
    uri: &str,
    body: impl Into<Vec<u8>>,
) -> Answer {
    let request = request(method, uri)
        .insert_header(("content-type", "application/json"))
        .set_payload(body.into());
    send(api, request).await
}

pub(crate) fn user_id(id: i64) -> UserId {
    UserId::try_from(id).unwrap()
}

pub(crate) fn post_id(id: i64) -> PostId {
    PostId::try_from(id).unwrap()
}

/// Returns Ada with this id, in this version.
pub(crate) fn user(id: i64, version: i64) -> User {
    let new = UserFields {
        name: UserName::parse("Ada Lovelace").unwrap(),
        email: EmailAddress::parse("Ada@example.org").unwrap(),
    };
    User {
        version: Version::new(version).unwrap(),
        ..new.created(user_id(id), now())
    }
}

/// Returns a post of user 1 with this id, in this version.
pub(crate) fn post(id: i64, version: i64) -> Post {
    let new = PostFields {
        user_id: user_id(1),
        title: Title::parse("Notes").unwrap(),
        content: Content::parse("On the engine").unwrap(),
    };
    Post {
        version: Version::new(version).unwrap(),
        ..new.created(post_id(id), now())
    }
}

/// Returns a repository in which every id is Ada in this version.
pub(crate) fn ada(version: i64) -> MockUsers {
    let mut users = MockUsers::new();
    users
        .expect_find()
        .returning(move |id| Ok(Some(user(id.get(), version))));
    users
        .expect_find_for_update()
        .returning(move |id| Ok(Some(user(id.get(), version))));
    users.expect_update().returning(|_, _| Ok(true));
    users.expect_delete().returning(|_, _| Ok(true));
    users
}

/// Returns a repository in which every id is the same post in this version.
pub(crate) fn notes(version: i64) -> MockPosts {
    let mut posts = MockPosts::new();
    posts
        .expect_find()
        .returning(move |id| Ok(Some(post(id.get(), version))));
    posts
        .expect_find_for_update()
        .returning(move |id| Ok(Some(post(id.get(), version))));
    posts.expect_update().returning(|_, _| Ok(true));
    posts.expect_delete().returning(|_, _| Ok(true));
    posts
}
