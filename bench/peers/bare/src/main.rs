//! The limit: actix-web with constant bodies of the size that Byline answers
//! with, and no middleware, parsing or database.
//!
//! `bare ADDRESS`

use actix_web::http::header;
use actix_web::{App, HttpResponse, HttpServer, web};

const USER: &str = r#"{"id":5000,"name":"Ada Lovelace","email":"user5000@example.org","created_at":"2026-11-22T10:00:00.123456Z","updated_at":"2026-11-22T10:00:00.123456Z"}"#;

async fn read() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(USER)
}

async fn create(_: web::Bytes) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(USER)
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8090".into());
    HttpServer::new(|| {
        App::new()
            .route("/users/{id}", web::get().to(read))
            .route("/users", web::post().to(create))
    })
    .workers(2)
    .bind(address)?
    .run()
    .await
}
