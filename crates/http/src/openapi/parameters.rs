//! Parameters of paths, queries and headers.

use byline_application::{Limit, Listed, SortKey};
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required};

use super::schemas::{self, one_of, string};
use crate::request::prefer;

/// Declares groups of parameters by the functions that describe them.
macro_rules! groups {
    ($($name:ident: $($parameter:expr),+;)+) => {
        $(
            #[doc = concat!("Parameters: `", stringify!($($parameter),+), "`")]
            pub(crate) enum $name {}

            impl utoipa::IntoParams for $name {
                fn into_params(
                    _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
                ) -> Vec<utoipa::openapi::path::Parameter> {
                    vec![$($parameter),+]
                }
            }
        )+
    };
}
pub(crate) use groups;

groups! {
    Fresh: if_none_match();
    Conditional: if_match(), if_none_match();
    Guard: if_match(), if_none_match_any();
    Repeated: idempotency_key(), prefer_for_writes();
}

pub(crate) fn parameter(
    location: ParameterIn,
    name: &str,
    description: &str,
    schema: ObjectBuilder,
) -> Parameter {
    let required = match location {
        ParameterIn::Path => Required::True,
        _ => Required::False,
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(location)
        .required(required)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

pub(crate) fn query(name: &str, description: &str, schema: ObjectBuilder) -> Parameter {
    parameter(ParameterIn::Query, name, description, schema)
}

fn header(name: &str, description: &str, schema: ObjectBuilder) -> Parameter {
    parameter(ParameterIn::Header, name, description, schema)
}

pub(crate) fn id(name: &str, description: &str) -> Parameter {
    let schema = schemas::id().description::<String>(None);
    parameter(ParameterIn::Path, name, description, schema)
}

pub(crate) fn limit() -> Parameter {
    let schema = schemas::integer(1, Limit::MAX.get().into())
        .default(Some(json!(Limit::default().get())))
        .examples([json!(10)]);
    let description = "The most rows that the page may have. Beyond the bounds: refused.";
    query("limit", description, schema)
}

pub(crate) fn cursor() -> Parameter {
    let description = "Where the page begins, from the `Link` of another page of the same list. \
        Opaque: never make one, never change one.";
    let schema = string(1, 4096, "^[A-Za-z0-9_-]+$");
    query("cursor", description, schema)
}

pub(crate) fn sort<E: Listed>() -> Parameter {
    let keys = E::SortKey::ALL.iter().map(|key| key.name());
    let schema = one_of(keys.flat_map(|key| [key.to_owned(), format!("-{key}")]))
        .default(Some(json!(E::SortKey::default().name())));
    let description = "The key that the list is ordered by, `-` before it for descending. Rows \
        with equal keys follow in the order of their ids.";
    query("sort", description, schema)
}

pub(crate) fn starts(key: &str) -> Parameter {
    let schema = string(0, 255, "^[^\\u0000-\\u001F\\u007F-\\u009F]*$").examples([json!("A")]);
    let description = format!("How the `{key}` begins. Goes with the sort on `{key}`.");
    query(&format!("{key}.starts"), &description, schema)
}

pub(crate) fn from(key: &str) -> Parameter {
    let description = format!("The earliest `{key}`. Goes with the sort on `{key}`.");
    let name = format!("{key}.gte");
    query(&name, &description, schemas::instant())
}

pub(crate) fn until(key: &str) -> Parameter {
    let description = format!("What `{key}` is before. Goes with the sort on `{key}`.");
    let name = format!("{key}.lt");
    query(&name, &description, schemas::instant())
}

pub(crate) fn prefer() -> Parameter {
    let schema = preferences().examples([json!("count=exact")]);
    let description = "`count=exact`: how many rows there are on all pages, as `X-Total-Count`. \
        Others are ignored (RFC 7240).";
    header("Prefer", description, schema)
}

fn prefer_for_writes() -> Parameter {
    let description = "`tx=rollback`: carry the request out, answer as usual, and undo it. \
        `return=minimal`: answer without a body. Others are ignored (RFC 7240).";
    header("Prefer", description, preferences())
}

fn idempotency_key() -> Parameter {
    // A string of RFC 8941, or the same without its quotes; see
    // `crate::request::idempotency_key`.
    const KEY: &str = "^(\"([!#-\\[\\]-~]|\\\\[\"\\\\]){1,255}\"|[!#-+\\--~]{1,255})$";
    let description = "Makes the request safe to repeat: the first answer that was committed is \
        given again for 24 hours, marked by `Idempotency-Replayed`.";
    let schema = string(1, 512, KEY).examples([json!("8e03978e-40d5-43e8-bc93-6894a57f9324")]);
    header("Idempotency-Key", description, schema)
}

fn preferences() -> ObjectBuilder {
    // RFC 7240 section 2, by way of RFC 9110 section 5.6.
    const TOKEN: &str = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    const QUOTED: &str = "\"([\\t !#-\\[\\]-~]|\\\\[\\t -~])*\"";
    let pair = format!("{TOKEN}([ \\t]*=[ \\t]*({TOKEN}|{QUOTED})?)?");
    let preference = format!("{pair}([ \\t]*;[ \\t]*({pair})?)*");
    let list = format!("^[, \\t]*({preference}([ \\t]*,[, \\t]*{preference})*[, \\t]*)?$");
    string(0, prefer::MAX_BYTES, &list)
}

pub(crate) fn if_none_match() -> Parameter {
    let description = "Entity tags: if one of them is that of what would be answered, the answer \
        is 304 and has no body.";
    header("If-None-Match", description, schemas::entity_tags())
}

fn if_match() -> Parameter {
    let description = "Entity tags: the row is changed only if it is in one of these versions, \
        else the answer is 412. An instance may be set to demand it (428).";
    header("If-Match", description, schemas::entity_tags())
}

fn if_none_match_any() -> Parameter {
    let description =
        "Entity tags: the row is changed only if it is in none of these versions, else 412.";
    header("If-None-Match", description, schemas::entity_tags())
}
