//! Problem documents as responses, made from the table of their codes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema, Type,
};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::responses::{Responses, groups};
use super::{headers, schemas};
use crate::problem::{Code, PROBLEM_JSON, ProblemBody};

groups! {
    CommonErrors: refuse(&[400, 406, 414, 415, 429, 500, 503]);
    AuthErrors: refuse(&[401, 403]);
    NotFound: refuse(&[404]);
    Conflict: refuse(&[409]);
    ReadPrecondition: refuse(&[412]);
    WritePrecondition: refuse(&[412, 428]);
    BadBody: refuse(&[408, 413, 422]);
    IdempotencyErrors: refuse(&[409, 422]);
}

fn refuse(statuses: &[u16]) -> Responses {
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
        CommonErrors::responses(),
        AuthErrors::responses(),
        NotFound::responses(),
        Conflict::responses(),
        WritePrecondition::responses(),
        BadBody::responses(),
        IdempotencyErrors::responses(),
    ]
    .iter()
    .flat_map(BTreeMap::keys)
    .collect::<BTreeSet<_>>()
    .into_iter()
    .filter_map(|status| StatusCode::from_bytes(status.as_bytes()).ok())
    .map(|status| (name(status), RefOr::T(response(status))))
    .collect()
}

/// The status in words, as one: `NotFound`.
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
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "Why a request was not answered as its sender wished (RFC 9457).",
            ))
            .property("type", schemas::problem_type())
            .required("type")
            .property("title", schemas::prose())
            .required("title")
            .property("status", schemas::status_code())
            .required("status")
            .property("detail", schemas::prose())
            .required("detail")
            .property("instance", schemas::request_id())
            .required("instance")
            .property("code", schemas::problem_code())
            .required("code")
            .property("errors", schemas::faults())
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
    let fault = match code {
        Code::InvalidFields => {
            json!({"pointer": "/name", "code": "blank", "detail": "`name` must not be blank."})
        }
        Code::InvalidParameter => {
            json!({"parameter": "limit", "code": "out-of-range", "detail": "The query parameter `limit` must be a whole number from 1 to 100."})
        }
        _ => return problem,
    };
    if let Some(members) = problem.as_object_mut() {
        members.insert("errors".to_owned(), json!([fault]));
    }
    problem
}
