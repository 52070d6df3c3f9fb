//! Responses of operations that succeed.

use std::collections::BTreeMap;

use byline_application::Limit;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::{
    ArrayBuilder, Content, ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
};

use super::{headers, schemas};
use crate::request::accept::JSON;

pub(crate) type Responses = BTreeMap<String, RefOr<Response>>;

/// Declares groups of responses by the functions that describe them.
macro_rules! groups {
    ($($name:ident: $responses:expr;)+) => {
        $(
            #[doc = concat!("Responses: `", stringify!($responses), "`")]
            pub(crate) enum $name {}

            impl utoipa::IntoResponses for $name {
                fn responses() -> $crate::openapi::responses::Responses {
                    $responses
                }
            }
        )+
    };
}
pub(crate) use groups;

groups! {
    Deleted: one("204", response("It is deleted."), OF_WRITES);
}

/// The links of a response, by the ids of their operations.
pub(crate) type Links = BTreeMap<String, RefOr<Link>>;

/// Returns the link to an operation, whose `parameter` is a member of the response.
pub(crate) fn link(operation: String, parameter: &str, member: &str) -> (String, RefOr<Link>) {
    let link = LinkBuilder::new()
        .operation_id(&operation)
        .parameter(parameter, format!("$response.body#/{member}"))
        .build();
    (operation, RefOr::T(link))
}

pub(crate) fn response(description: &str) -> ResponseBuilder {
    ResponseBuilder::new().description(description)
}

pub(crate) fn json_of<T: ToSchema>(description: &str) -> ResponseBuilder {
    response(description).content(JSON, content_of::<T>())
}

pub(crate) fn content_of<T: ToSchema>() -> Content {
    Content::new(Some(Ref::from_schema_name(T::name())))
}

pub(crate) fn one(status: &str, response: ResponseBuilder, more: &[&str]) -> Responses {
    let mut response = response.build();
    response.headers = headers::named(more);
    Responses::from([(status.to_owned(), RefOr::T(response))])
}

pub(crate) fn read<T: ToSchema>(description: &str, links: &Links, tag: &str) -> Responses {
    let mut responses = one("200", json_of::<T>(description), &[tag]);
    responses.append(&mut not_modified(&[tag]));
    linked(responses, links)
}

fn not_modified(headers: &[&str]) -> Responses {
    let description = "It is what `If-None-Match` names.";
    one("304", response(description), headers)
}

/// The headers that the response to any write may have.
pub(crate) const OF_WRITES: &[&str] = &["Idempotency-Replayed", "Preference-Applied"];

pub(crate) fn changed<T: ToSchema>(description: &str, links: &Links) -> Responses {
    let headers = &[OF_WRITES, &["ETag"]].concat();
    let mut responses = linked(one("200", json_of::<T>(description), headers), links);
    responses.append(&mut minimal(headers));
    responses
}

pub(crate) fn minimal(headers: &[&str]) -> Responses {
    let description = "It is done; `Prefer: return=minimal` spared the body.";
    one("204", response(description), headers)
}

pub(crate) fn created<T: ToSchema>(description: &str, links: &Links) -> Responses {
    let headers = &[OF_WRITES, &["ETag", "Location"]].concat();
    linked(one("201", json_of::<T>(description), headers), links)
}

fn linked(mut responses: Responses, links: &Links) -> Responses {
    for response in responses.values_mut() {
        if let RefOr::T(response) = response {
            response.links = links.clone();
        }
    }
    responses
}

pub(crate) fn list<T: ToSchema>(description: &str, example: &serde_json::Value) -> Responses {
    let rows = ArrayBuilder::new()
        .items(Ref::from_schema_name(T::name()))
        .max_items(Some(Limit::MAX.get().into()));
    let content = ContentBuilder::new()
        .schema(Some(Schema::from(rows)))
        .example(Some(json!([example])))
        .build();
    let count = ["X-Total-Count", "Preference-Applied"];
    let headers = &[&["WeakTag", "Vary", "Link"], &count[..]].concat();
    kept(response(description).content(JSON, content), headers)
}

/// A response that clients may cache and validate.
pub(crate) fn kept(response: ResponseBuilder, headers: &[&str]) -> Responses {
    let mut responses = one("200", response, headers);
    responses.append(&mut not_modified(headers));
    responses
}

pub(crate) fn text() -> Content {
    Content::new(Some(schemas::prose()))
}
