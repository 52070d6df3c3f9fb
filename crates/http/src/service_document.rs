use actix_web::HttpResponse;
use byline_application::Limit;
use byline_application::batch::MAX_OPERATIONS;
use byline_domain::{Content, EmailAddress, Title, UserName};
use serde::Serialize;

use crate::answer;
use crate::body::MAX_BODY_BYTES;
use crate::call::Call;
use crate::envelope::MAX_URI_BYTES;
use crate::problem::Problem;

/// `GET /`: what this is, where to begin and what the limits are.
pub(crate) async fn show(call: Call) -> Result<HttpResponse, Problem> {
    let release = call.api().store().health().release;
    answer::document(&ServiceDocument {
        name: "byline",
        version: call.api().settings().version,
        schema: release.as_ref().map(|release| Schema {
            release: &release.version,
            migration: &release.schema,
        }),
        links: Links {
            users: "/users",
            posts: "/posts",
            batch: "/batch",
            live: "/livez",
            ready: "/readyz",
            problems: "/problems/{code}",
        },
        limits: limits(),
    })
}

#[derive(Serialize)]
struct ServiceDocument<'a> {
    name: &'static str,
    version: &'static str,
    /// Absent as long as the database was not seen.
    schema: Option<Schema<'a>>,
    links: Links,
    limits: Limits,
}

#[derive(Serialize)]
struct Schema<'a> {
    release: &'a str,
    migration: &'a str,
}

#[derive(Serialize)]
struct Links {
    users: &'static str,
    posts: &'static str,
    batch: &'static str,
    live: &'static str,
    ready: &'static str,
    problems: &'static str,
}

#[derive(Serialize)]
struct Limits {
    page_default: u8,
    page_max: u8,
    body_bytes: usize,
    uri_bytes: usize,
    batch_operations: usize,
    name_characters: usize,
    email_characters: usize,
    title_characters: usize,
    content_characters: usize,
}

fn limits() -> Limits {
    Limits {
        page_default: Limit::default().get(),
        page_max: Limit::MAX.get(),
        body_bytes: MAX_BODY_BYTES,
        uri_bytes: MAX_URI_BYTES,
        batch_operations: MAX_OPERATIONS,
        name_characters: UserName::MAX_CHARS,
        email_characters: EmailAddress::MAX_CHARS,
        title_characters: Title::MAX_CHARS,
        content_characters: Content::MAX_CHARS,
    }
}
