//! Parameters of paths, queries and headers.

use byline_application::Limit;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required};

use super::schemas::{self, string};
use crate::problem::Code;

/// Declares groups of parameters by the functions that describe them.
macro_rules! groups {
    ($($name:ident: $($parameter:expr),+;)+) => {
        $(
            #[doc = concat!("Parameters: `", stringify!($($parameter),+), "`")]
            pub(crate) enum $name {}

            impl IntoParams for $name {
                fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                    vec![$($parameter),+]
                }
            }
        )+
    };
}

groups! {
    UserPath: id("user_id", "The user.");
    PostPath: id("post_id", "The post.");
    ProblemPath: problem();
    Page: limit(), cursor();
    Fresh: if_none_match();
    Guard: if_match(), if_none_match_any();
    WithPosts: posts();
}

fn parameter(
    place: ParameterIn,
    name: &str,
    description: &str,
    schema: ObjectBuilder,
) -> Parameter {
    let required = match place {
        ParameterIn::Path => Required::True,
        _ => Required::False,
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn id(name: &str, description: &str) -> Parameter {
    let schema = schemas::id().description::<String>(None);
    parameter(ParameterIn::Path, name, description, schema)
}

fn problem() -> Parameter {
    let codes = Code::ALL.map(Code::name);
    let schema = ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .enum_values(Some(codes))
        .examples([json!("not-found")]);
    parameter(
        ParameterIn::Path,
        "code",
        "The `code` of a problem.",
        schema,
    )
}

fn limit() -> Parameter {
    let schema = schemas::integer(1, Limit::MAX.get().into())
        .default(Some(json!(Limit::default().get())))
        .examples([json!(10)]);
    let description = "The most rows that the page may have. Beyond the bounds: refused.";
    parameter(ParameterIn::Query, "limit", description, schema)
}

fn cursor() -> Parameter {
    let description = "Where the page begins, from the `Link` of another page of the same list. \
        Opaque: never make one, never change one.";
    let schema = string(1, 4096, "^[A-Za-z0-9_-]+$");
    parameter(ParameterIn::Query, "cursor", description, schema)
}

fn posts() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .enum_values(Some(["delete"]));
    let description = "What becomes of the user's posts. Without it, a user who has posts is kept.";
    parameter(ParameterIn::Query, "posts", description, schema)
}

fn tags() -> ObjectBuilder {
    const TAG: &str = "(W/)?\"[!#-~]*\"";
    string(0, 4096, &format!("^(\\*|{TAG}(, ?{TAG})*)$")).examples([json!("\"3\"")])
}

fn if_none_match() -> Parameter {
    let description = "Entity tags: if the row is still in one of these versions, the answer is \
        304 and has no body.";
    parameter(ParameterIn::Header, "If-None-Match", description, tags())
}

fn if_match() -> Parameter {
    let description = "Entity tags: the row is changed only if it is in one of these versions, \
        else the answer is 412. An instance may be set to demand it (428).";
    parameter(ParameterIn::Header, "If-Match", description, tags())
}

fn if_none_match_any() -> Parameter {
    let description =
        "Entity tags: the row is changed only if it is in none of these versions, else 412.";
    parameter(ParameterIn::Header, "If-None-Match", description, tags())
}
