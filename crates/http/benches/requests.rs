//! What the interface itself costs: parsing, validating, rendering, cursors; over
//! a store that has its rows at hand.
//!
//! `cargo bench -p byline-http`

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::rt::System;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error};
use byline_application::testing::ImmediateStore;
use byline_application::{MockClock, MockRepository, MockSession, Page};
use byline_domain::{
    Content, EmailAddress, Post, PostFields, PostId, Timestamp, Title, User, UserFields, UserId,
    UserName,
};
use byline_http::{Api, Protection, Settings, configure, request_context};
use divan::Bencher;

fn main() {
    divan::main();
}

/// `GET /users/{id}`: a user as JSON.
#[divan::bench]
fn read_a_user(bencher: Bencher) {
    run(bencher, 200, || TestRequest::get().uri("/users/7"));
}

/// The version that the client has.
#[divan::bench]
fn a_user_unchanged(bencher: Bencher) {
    run(bencher, 304, || {
        TestRequest::get()
            .uri("/users/7")
            .insert_header(("if-none-match", "\"1\""))
    });
}

/// No such path: a problem document.
#[divan::bench]
fn an_unknown_path(bencher: Bencher) {
    run(bencher, 404, || TestRequest::get().uri("/pages/7"));
}

/// 50 posts as JSON, and a cursor to the next page.
#[divan::bench]
fn a_page_of_posts(bencher: Bencher) {
    run(bencher, 200, || TestRequest::get().uri("/posts"));
}

/// The same from a cursor, in the order of titles.
#[divan::bench]
fn a_page_by_cursor(bencher: Bencher) {
    let next = next_page();
    run(bencher, 200, || TestRequest::get().uri(&next));
}

/// `POST /users`: JSON to a user, and back.
#[divan::bench]
fn create_a_user(bencher: Bencher) {
    run(bencher, 201, || {
        TestRequest::post()
            .uri("/users")
            .insert_header(("content-type", "application/json"))
            .set_payload(r#"{"name":"Ada Lovelace","email":"ada@example.org"}"#)
    });
}

/// Everything that is wrong with a body.
#[divan::bench]
fn refuse_a_user(bencher: Bencher) {
    run(bencher, 422, || {
        TestRequest::post()
            .uri("/users")
            .insert_header(("content-type", "application/json"))
            .set_payload(r#"{"name":" ","email":"ada@localhost"}"#)
    });
}

/// `POST /posts` with 10,000 characters.
#[divan::bench]
fn create_a_long_post(bencher: Bencher) {
    let text = "On the Analytical Engine. ".repeat(10_000 / 26);
    let body = format!(r#"{{"user_id":1,"title":"Notes","content":"{text}"}}"#);
    run(bencher, 201, || {
        TestRequest::post()
            .uri("/posts")
            .insert_header(("content-type", "application/json"))
            .set_payload(body.clone())
    });
}

/// Times one request, from its parsed head to the whole answer.
fn run(bencher: Bencher<'_, '_>, status: u16, request: impl Fn() -> TestRequest) {
    let system = System::new();
    let api = api();
    let app = App::new()
        .wrap(request_context(&api))
        .configure(configure(&api));
    let service = system.block_on(init_service(app));
    bencher
        .with_inputs(|| request().to_request())
        .bench_local_values(|request| {
            let answer = system.block_on(answer(&service, request));
            assert_eq!(answer.status().as_u16(), status);
            black_box(answer.into_body().try_into_bytes())
        });
}

async fn answer<R, B: MessageBody>(
    service: &impl Service<R, Response = ServiceResponse<B>, Error = Error>,
    request: R,
) -> ServiceResponse<B> {
    service.call(request).await.unwrap()
}

/// The address of the second page by title, as the service gives it.
fn next_page() -> String {
    let system = System::new();
    let api = api();
    let app = App::new()
        .wrap(request_context(&api))
        .configure(configure(&api));
    system.block_on(async {
        let service = init_service(app).await;
        let first = TestRequest::get().uri("/posts?sort=title").to_request();
        let answer = answer(&service, first).await;
        let links = answer.headers().get("link").unwrap().to_str().unwrap();
        let next = links.split("<").find(|link| link.contains("rel=\"next\""));
        next.unwrap().split_once('>').unwrap().0.to_owned()
    })
}

/// The interface over mocks that answer at once. What they cost is in each figure.
fn api() -> Api {
    let mut users = MockRepository::<UserFields>::new();
    users.expect_find().returning(|_| Ok(Some(user())));
    users.expect_insert().returning(|_, _| Ok(user()));
    let mut posts = MockRepository::<PostFields>::new();
    posts.expect_insert().returning(|_, _| Ok(post(1)));
    posts.expect_list().returning(|query| {
        Ok(Page {
            items: (1..=i64::from(query.limit.get())).map(post).collect(),
            more: true,
        })
    });
    let mut session = MockSession::new();
    session.expect_users().return_var(Box::new(users));
    session.expect_posts().return_var(Box::new(posts));
    let mut clock = MockClock::new();
    clock.expect_now().returning(now);
    Api::new(
        Arc::new(ImmediateStore::new(session)),
        Arc::new(clock),
        Settings {
            request_deadline: Duration::from_secs(30),
            require_if_match: false,
            authentication: Default::default(),
            log_requests: false,
            protection: Protection::default(),
            tracer: None,
            base_url: None,
            version: "0.0.0",
        },
    )
}

fn now() -> Timestamp {
    Timestamp::from_micros(1_795_341_600_123_456).unwrap()
}

fn user() -> User {
    let fields = UserFields {
        name: UserName::parse("Ada Lovelace").unwrap(),
        email: EmailAddress::parse("ada@example.org").unwrap(),
    };
    fields.created(UserId::try_from(7).unwrap(), now())
}

fn post(id: i64) -> Post {
    let fields = PostFields {
        user_id: UserId::try_from(7).unwrap(),
        title: Title::parse(format!("Notes, part {id}")).unwrap(),
        content: Content::parse("On the Analytical Engine. ".repeat(10)).unwrap(),
    };
    fields.created(PostId::try_from(id).unwrap(), now())
}
