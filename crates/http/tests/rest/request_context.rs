use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, call_service, init_service, read_body, try_call_service};
use actix_web::{App, HttpResponse, error, web};
use byline_http::{configure, request_context};
use serde_json::Value;

use crate::support::{get, request, send, untouched};

#[actix_web::test]
async fn a_valid_request_id_is_returned() {
    for path in ["/", "/nonsense", "/users/abc", "/users?x"] {
        let sent = request("GET", path).insert_header(("x-request-id", "trace-1.2~3_4"));
        assert_eq!(
            send(&untouched(), sent).await.header("x-request-id"),
            "trace-1.2~3_4"
        );
    }
}

#[actix_web::test]
async fn an_invalid_request_id_is_replaced() {
    for id in ["", "a b", "<script>", &"x".repeat(129)] {
        let sent = request("GET", "/nonsense").insert_header(("x-request-id", id));
        let answer = send(&untouched(), sent).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{id}");
        answer.code();
    }
    let twice = request("GET", "/")
        .append_header(("x-request-id", "a"))
        .append_header(("x-request-id", "b"));
    assert_eq!(
        send(&untouched(), twice).await.header("x-request-id").len(),
        36
    );
}

#[actix_web::test]
async fn generated_request_ids_are_unique() {
    let (one, other) = (get(&untouched(), "/").await, get(&untouched(), "/").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[actix_web::test]
async fn a_uri_of_more_than_8_kib_is_refused() {
    let long = format!("/users?{}", "x".repeat(8 * 1024));
    assert_eq!(
        get(&untouched(), &long).await.problem(),
        (414, "uri-too-long".into())
    );
    let longest = format!("/{}", "x".repeat(8 * 1024 - 1));
    assert_eq!(
        get(&untouched(), &longest).await.problem(),
        (404, "unknown-path".into())
    );
}

/// Error responses of routes and middleware that do not produce problems.
#[actix_web::test]
async fn foreign_errors_become_problems() {
    let api = untouched();
    let app = init_service(
        App::new()
            .wrap(request_context(&api))
            .route(
                "/teapot",
                web::get().to(|| async {
                    HttpResponse::build(StatusCode::IM_A_TEAPOT)
                        .insert_header(("x-kept", "yes"))
                        .body("SELECT secret")
                }),
            )
            .route(
                "/failed",
                web::get().to(|| async {
                    Err::<HttpResponse, _>(error::ErrorInternalServerError("SELECT secret"))
                }),
            )
            .route(
                "/json",
                web::post().to(|_: web::Json<Value>| async { HttpResponse::Ok().finish() }),
            )
            .configure(configure(&api)),
    )
    .await;
    for (request, status, code) in [
        (TestRequest::get().uri("/teapot"), 418, "bad-request"),
        (TestRequest::get().uri("/failed"), 500, "internal-error"),
        (
            TestRequest::post()
                .uri("/json")
                .insert_header(("content-type", "application/json"))
                .set_payload("{"),
            400,
            "bad-request",
        ),
    ] {
        let response = call_service(&app, request.to_request()).await;
        assert_eq!(
            response.headers().get("content-type").unwrap(),
            "application/problem+json"
        );
        assert_eq!(response.headers().contains_key("x-kept"), status == 418);
        assert_eq!(
            response.headers().get_all("x-content-type-options").count(),
            1
        );
        let id = response
            .headers()
            .get("x-request-id")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(response.status().as_u16(), status);
        let body = read_body(response).await;
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code);
        assert_eq!(problem["instance"], id.as_str());
        assert!(!String::from_utf8_lossy(&body).contains("SELECT"));
    }
}

#[actix_web::test]
async fn an_error_of_middleware_becomes_a_problem() {
    let api = untouched();
    let app = init_service(
        App::new()
            .wrap_fn(|_, _| async {
                Err::<actix_web::dev::ServiceResponse, _>(error::ErrorTooManyRequests(
                    "SELECT secret",
                ))
            })
            .wrap(request_context(&api)),
    )
    .await;
    let error = try_call_service(&app, TestRequest::get().to_request())
        .await
        .unwrap_err();
    let response = error.error_response();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        response.headers().get("content-type").unwrap(),
        "application/problem+json"
    );
    assert!(response.headers().contains_key("x-request-id"));
}
