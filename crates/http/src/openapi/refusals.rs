//! Problem documents as responses, made from the table of their codes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::responses::{Responses, groups};
use super::{headers, schemas};
use crate::problem::{Code, PROBLEM_JSON, ProblemBody};

pub(crate) const COMMON: &[u16] = &[400, 406, 414, 415, 429, 500, 503];
pub(crate) const AUTH: &[u16] = &[401, 403];
pub(crate) const NOT_FOUND: &[u16] = &[404];
pub(crate) const CONFLICT: &[u16] = &[409];
pub(crate) const READ_PRECONDITION: &[u16] = &[412];
pub(crate) const WRITE_PRECONDITION: &[u16] = &[412, 428];
pub(crate) const BAD_BODY: &[u16] = &[408, 413, 422];
pub(crate) const IDEMPOTENCY: &[u16] = &[409, 422];

groups! {
    CommonErrors: refuse(COMMON);
    AuthErrors: refuse(AUTH);
    NotFound: refuse(NOT_FOUND);
    Conflict: refuse(CONFLICT);
    WritePrecondition: refuse(WRITE_PRECONDITION);
    BadBody: refuse(BAD_BODY);
}

/// Refers to the responses with these statuses.
pub(crate) fn refuse(statuses: &[u16]) -> Responses {
    statuses
        .iter()
        .filter_map(|status| StatusCode::from_u16(*status).ok())
        .map(|status| {
            let component = Ref::from_response_name(name(status));
            (status.as_str().to_owned(), RefOr::Ref(component))
        })
        .collect()
}

/// One response for each status that the document refers to.
pub(crate) fn components() -> BTreeMap<String, RefOr<Response>> {
    [
        COMMON,
        AUTH,
        NOT_FOUND,
        CONFLICT,
        WRITE_PRECONDITION,
        BAD_BODY,
    ]
    .concat()
    .into_iter()
    .filter_map(|status| StatusCode::from_u16(status).ok())
    .map(|status| (name(status), RefOr::T(response(status))))
    .collect()
}

/// Returns the reason phrase of a status without spaces: `NotFound`.
fn name(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    reason.split([' ', '-']).collect()
}

fn response(status: StatusCode) -> Response {
    let codes = || {
        Code::ALL
            .into_iter()
            .filter(move |code| code.status() == status)
    };
    let mut description = String::new();
    for code in codes() {
        let (name, first) = (code.name(), code.meaning().split("\n\n").next());
        description.push_str(&format!("- `{name}`: {}\n", first.unwrap_or_default()));
    }
    let mut content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name())));
    for code in codes() {
        let example = ExampleBuilder::new()
            .summary(code.title())
            .value(Some(example(code)));
        content = content.examples_from_iter([(code.name(), example)]);
    }
    let more: &[&str] = match status {
        StatusCode::SERVICE_UNAVAILABLE => &["Retry-After"],
        StatusCode::UNAUTHORIZED => &["WWW-Authenticate"],
        StatusCode::TOO_MANY_REQUESTS => &["Retry-After", "RateLimit", "RateLimit-Policy"],
        _ => &[],
    };
    let mut response = ResponseBuilder::new()
        .description(description.trim_end())
        .content(PROBLEM_JSON, content.build())
        .build();
    response.headers = headers::named(more);
    response
}

impl ToSchema for ProblemBody<'_> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }
}

impl PartialSchema for ProblemBody<'_> {
    fn schema() -> RefOr<Schema> {
        let description = "Why a request was not answered as its sender wished (RFC 9457).";
        schemas::object([
            ("type", schemas::problem_type()),
            ("title", schemas::prose()),
            ("status", schemas::status_code()),
            ("detail", schemas::prose()),
            ("instance", schemas::request_id()),
            ("code", schemas::problem_code()),
        ])
        .description(Some(description))
        .property("errors", schemas::errors())
        .examples([example(Code::InvalidFields)])
        .into()
    }
}

fn example(code: Code) -> Value {
    let mut problem = json!({
        "type": code.page(),
        "title": code.title(),
        "status": code.status().as_u16(),
        "detail": code.meaning().split("\n\n").next(),
        "instance": "0b9f5c1e-6d0e-4f5c-9d6a-0d6f6f1c2b3a",
        "code": code.name(),
    });
    let error = match code {
        Code::InvalidFields => {
            json!({"pointer": "/name", "code": "blank", "detail": "`name` must not be blank."})
        }
        Code::InvalidParameter => {
            json!({"parameter": "limit", "code": "out-of-range", "detail": "The query parameter `limit` must be a whole number from 1 to 100."})
        }
        _ => return problem,
    };
    if let Some(members) = problem.as_object_mut() {
        members.insert("errors".to_owned(), json!([error]));
    }
    problem
}
