//! The limit: actix-web with constant answers, those that Byline gave to the same
//! requests, and no middleware, parsing or database.
//!
//! `bare ADDRESS ANSWERS`, a JSON file of what to answer by scenario.

use std::collections::HashMap;

use actix_web::http::{StatusCode, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

/// Status, the headers that any such answer has, and body.
#[derive(Clone, serde::Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// The same, for the life of the process.
#[derive(Clone, Copy)]
struct Constant {
    status: StatusCode,
    headers: &'static [(header::HeaderName, header::HeaderValue)],
    body: &'static str,
}

impl Constant {
    fn of(answers: &HashMap<String, Answer>, scenario: &str) -> Self {
        let answer = answers[scenario].clone();
        let headers = answer.headers.into_iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        Self {
            status: StatusCode::from_u16(answer.status).unwrap(),
            headers: headers.leak(),
            body: answer.body.leak(),
        }
    }

    fn answer(self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status);
        for (name, value) in self.headers {
            answer.insert_header((name, value));
        }
        answer.body(self.body)
    }
}

/// All answers, by what is asked for.
#[derive(Clone, Copy)]
struct Constants {
    user: Constant,
    unchanged: Constant,
    missing: Constant,
    page: Constant,
    page_by_user: Constant,
    created: Constant,
    patched: Constant,
}

async fn user(request: HttpRequest, constants: web::Data<Constants>) -> HttpResponse {
    if request.headers().contains_key(header::IF_NONE_MATCH) {
        return constants.unchanged.answer();
    }
    constants.user.answer()
}

async fn missing(constants: web::Data<Constants>) -> HttpResponse {
    constants.missing.answer()
}

async fn page(constants: web::Data<Constants>) -> HttpResponse {
    constants.page.answer()
}

async fn page_by_user(constants: web::Data<Constants>) -> HttpResponse {
    constants.page_by_user.answer()
}

async fn create(_: web::Bytes, constants: web::Data<Constants>) -> HttpResponse {
    constants.created.answer()
}

async fn patch(_: web::Bytes, constants: web::Data<Constants>) -> HttpResponse {
    constants.patched.answer()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().expect("an address to listen on");
    let file = arguments.next().expect("a file of answers");
    let answers = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let constants = Constants {
        user: Constant::of(&answers, "read"),
        unchanged: Constant::of(&answers, "unchanged"),
        missing: Constant::of(&answers, "missing"),
        page: Constant::of(&answers, "page"),
        page_by_user: Constant::of(&answers, "page-by-user"),
        created: Constant::of(&answers, "create"),
        patched: Constant::of(&answers, "patch"),
    };
    HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(constants))
            .route("/users/999999999", web::get().to(missing))
            .route("/users/{id}", web::get().to(user))
            .route("/users/{id}/posts", web::get().to(page_by_user))
            .route("/users", web::post().to(create))
            .route("/posts", web::get().to(page))
            .route("/posts/{id}", web::patch().to(patch))
    })
    .workers(2)
    .bind(address)?
    .run()
    .await
}
