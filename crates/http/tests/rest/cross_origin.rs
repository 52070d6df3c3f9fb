//! Cross-origin resource sharing: preflights, and headers that pages may read.

use actix_web::App;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service};
use byline_http::{CrossOrigin, configure, cors, request_context};
use serde_json::Value;

use crate::support::{request, untouched};

const ORIGIN: (&str, &str) = ("origin", "https://app.example.org");

fn allowed() -> CrossOrigin {
    CrossOrigin {
        origins: vec![ORIGIN.1.to_owned(), "http://localhost:5173".to_owned()],
        credentials: false,
    }
}

async fn answered(request: TestRequest) -> (u16, HeaderMap) {
    let api = untouched();
    let app = App::new()
        .wrap(cors(&allowed()))
        .wrap(request_context(&api))
        .configure(configure(&api));
    let app = init_service(app).await;
    let answer = call_service(&app, request.insert_header(ORIGIN).to_request()).await;
    (answer.status().as_u16(), answer.headers().clone())
}

/// Returns all request headers in the OpenAPI document, and those that all operations
/// read.
fn headers_that_are_read() -> Vec<String> {
    let document: Value = serde_json::from_str(&byline_http::openapi()).unwrap();
    let mut names: Vec<String> = [
        "Accept",
        "Authorization",
        "Content-Type",
        "Content-Encoding",
        "traceparent",
        "tracestate",
        "X-Request-Id",
    ]
    .map(str::to_owned)
    .into();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let in_header = parameters.filter(|parameter| parameter["in"] == "header");
            names.extend(in_header.map(|parameter| parameter["name"].as_str().unwrap().to_owned()));
        }
    }
    names.sort();
    names.dedup();
    assert!(names.len() >= 11, "{names:?}");
    names
}

#[actix_web::test]
async fn pages_may_send_every_header_that_is_read() {
    let names = headers_that_are_read();
    for asked in names.iter().cloned().chain([names.join(", ")]) {
        let preflight = request("OPTIONS", "/users/1")
            .insert_header(("access-control-request-method", "PATCH"))
            .insert_header(("access-control-request-headers", asked.to_lowercase()));
        let (status, headers) = answered(preflight).await;
        assert_eq!(status, 200, "{asked}");
        assert_eq!(
            headers.get("access-control-allow-origin").unwrap(),
            ORIGIN.1
        );
        let allowed = headers.get("access-control-allow-headers").unwrap();
        let allowed = allowed.to_str().unwrap().to_lowercase();
        for name in asked.to_lowercase().split(", ") {
            assert!(
                allowed.split(", ").any(|one| one == name),
                "{name} in {allowed}"
            );
        }
    }
}

#[actix_web::test]
async fn pages_may_read_every_response() {
    let long = format!("/users?{}", "x".repeat(8 * 1024));
    let longer = format!("/nowhere?{}", "x".repeat(60 * 1024));
    for (sent, expected) in [
        (request("GET", "/livez"), 200),
        (request("GET", "/users?colour=red"), 400),
        (request("GET", "/nowhere"), 404),
        (request("BREW", "/users"), 405),
        (
            request("GET", "/livez").insert_header(("accept", "image/png")),
            406,
        ),
        (request("GET", &long), 414),
        (request("DELETE", &longer), 414),
        (request("POST", "/users").set_payload("x"), 415),
        (
            request("GET", "/docs").insert_header(("if-none-match", "*")),
            304,
        ),
        (request("OPTIONS", "/users"), 204),
    ] {
        let (status, headers) = answered(sent).await;
        assert_eq!(status, expected);
        let origin = headers.get("access-control-allow-origin");
        assert_eq!(origin.unwrap(), ORIGIN.1, "{expected}");
        let exposed = headers.get("access-control-expose-headers").unwrap();
        assert!(
            exposed.to_str().unwrap().contains("x-request-id"),
            "{expected}"
        );
    }
}

#[test]
fn responses_to_unread_requests_have_cors_headers() {
    let headers_for = |origins: &[&str], credentials| {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        let headers = CrossOrigin {
            origins,
            credentials,
        }
        .headers_for_unread_requests();
        let lines = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        lines.collect::<Vec<_>>()
    };
    let (any, one) = (
        "access-control-allow-origin: *",
        "access-control-allow-origin: https://a.example",
    );
    assert_eq!(headers_for(&[], false), Vec::<String>::new());
    assert_eq!(headers_for(&["*"], false), [any]);
    assert_eq!(headers_for(&["https://a.example"], false), [one]);
    let yes = "access-control-allow-credentials: true";
    assert_eq!(headers_for(&["https://a.example"], true), [one, yes]);
    assert_eq!(
        headers_for(&["https://a.example", "https://b.example"], true),
        [any]
    );
}
