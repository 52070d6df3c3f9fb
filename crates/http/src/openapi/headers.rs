//! The headers of responses, described once and referred to by name.

use std::collections::BTreeMap;

use super::schemas::capitalized;
use serde_json::json;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::{Object, ObjectBuilder, Ref, RefOr, Type};

type ResponseHeaders = BTreeMap<String, RefOr<Header>>;

/// Returns all headers that a response can have: name, meaning and form.
pub(crate) fn components() -> ResponseHeaders {
    [
        ("X-Request-Id", "Names the request, here and in the logs.", text(128, "^[A-Za-z0-9._~-]+$", "0b9f5c1e-6d0e-4f5c-9d6a-0d6f6f1c2b3a")),
        ("ETag", "The version of the row, a strong entity tag (RFC 9110 section 8.8.3).", text(32, "^\"[1-9][0-9]*\"$", "\"3\"")),
        ("WeakTag", "What a list, a page or a document says, as a weak entity tag.", text(32, "^W/\"[0-9a-f]+\"$", "W/\"9f2c1d04a7b3e655\"")),
        ("Link", "Other pages of the list (RFC 8288): `first`, `prev` if there is one, `next` if there are more rows. Follow them as they are.", text(8192, "^<.*$", "</users?limit=2>; rel=\"first\", </users?limit=2&cursor=AQB2cW4VAAAAAAAAAACqhg-1h>; rel=\"next\"")),
        ("Cache-Control", "Whether an answer may be kept: `no-cache` if it must be validated before it is used again, `no-store` if not at all.", text(32, "^(no-cache|no-store)$", "no-cache")),
        ("X-Total-Count", "How many rows there are on all pages, if the request preferred `count=exact`.", integer(0, i64::MAX, 42)),
        ("Preference-Applied", "Which preferences were heeded (RFC 7240 section 3).", text(128, "^[a-z=, ]+$", "count=exact")),
        ("Idempotency-Replayed", "Whether this is the answer to an earlier request with the same key.", text(4, "^true$", "true")),
        ("WWW-Authenticate", "How to show who is calling (RFC 6750 section 3).", text(512, "^Bearer .*$", "Bearer realm=\"byline\"")),
        ("Retry-After", "After how many seconds the same request may succeed.", integer(1, 3600, 1)),
        ("RateLimit", "What is left of the quota, and in how many seconds there is more (draft-ietf-httpapi-ratelimit-headers).", text(64, "^\"[a-z]+\";r=[0-9]+;t=[0-9]+$", "\"address\";r=0;t=15")),
        ("RateLimit-Policy", "The quota: how many requests in how many seconds.", text(64, "^\"[a-z]+\";q=[0-9]+;w=[0-9]+$", "\"address\";q=600;w=60")),
        ("Vary", "The request headers that the answer depends on.", text(64, "^(Accept(-Encoding)?|Prefer)(, .*)?$", "Accept")),
    ]
    .into_iter()
    .map(|(name, description, schema)| (name.to_owned(), header(description, schema)))
    .collect()
}

/// Returns `Location`, the path of a new row, which begins with one of these plurals.
pub(crate) fn location(plurals: &[&str]) -> (String, RefOr<Header>) {
    let pattern = format!("^/({})/[1-9][0-9]*$", plurals.join("|"));
    let schema = text(64, &pattern, "/users/1");
    let header = header("Where the new row is.", schema);
    ("Location".to_owned(), header)
}

/// Returns the `ETag` of a row of entity `name` in which a parent with this `role` can be
/// embedded.
pub(crate) fn tag_of_embedding(name: &str, role: &str) -> (String, RefOr<Header>) {
    let description = format!(
        "The version of the {name}, a strong entity tag; with `embed` a weak one, of the {name} and its {role}."
    );
    let schema = text(32, "^(\"[1-9][0-9]*\"|W/\"[0-9a-f]+\")$", "\"3\"");
    (
        format!("{}Tag", capitalized(name)),
        header(&description, schema),
    )
}

fn header(description: &str, schema: Object) -> RefOr<Header> {
    let header = HeaderBuilder::new().description(Some(description));
    RefOr::T(header.schema(Some(schema)).build())
}

/// Refers to these headers, and to those that every response has.
pub(super) fn named(names: &[&str]) -> ResponseHeaders {
    ["X-Request-Id", "Cache-Control"]
        .iter()
        .chain(names)
        .map(|name| {
            // The form of an `ETag` depends on the resource, so there are several.
            let header = if name.ends_with("Tag") { "ETag" } else { name };
            let component = Ref::new(format!("#/components/headers/{name}"));
            (header.to_owned(), RefOr::Ref(component))
        })
        .collect()
}

fn text(longest: usize, pattern: &str, example: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(longest))
        .pattern(Some(pattern))
        .examples([json!(example)])
        .build()
}

fn integer(least: i64, most: i64, example: i64) -> Object {
    super::schemas::integer(least, most)
        .examples([json!(example)])
        .build()
}
