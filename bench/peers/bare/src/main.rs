//! The limit: actix-web with constant bodies of the size that Byline answers
//! with, and no middleware, parsing or database.
//!
//! `bare ADDRESS`

use actix_web::http::header;
use actix_web::{App, HttpResponse, HttpServer, web};

const USER: &str = r#"{"id":5000,"name":"Ada Lovelace","email":"user5000@example.org","created_at":"2026-11-22T10:00:00.123456Z","updated_at":"2026-11-22T10:00:00.123456Z"}"#;

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8090".into());
    let json = (header::CONTENT_TYPE, "application/json");
    HttpServer::new(move || {
        App::new()
            .route(
                "/users/{id}",
                web::get().to(move || async move { HttpResponse::Ok().insert_header(json).body(USER) }),
            )
            .route(
                "/users",
                web::post().to(move |_: web::Bytes| async move {
                    HttpResponse::Created().insert_header(json).body(USER)
                }),
            )
    })
    .workers(2)
    .bind(address)?
    .run()
    .await
}
