//! Parameters of paths, queries and headers.

use byline_application::Limit;
use serde_json::json;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use super::schemas::{self, string};
use crate::list::sort::SortKey;
use crate::problem::Code;
use crate::request::preconditions;
use crate::request::prefer;
use crate::resources::{posts, users};

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
    UserLists: limit(), cursor(), sort::<users::UserSortKey>(), email(), starts("name"),
        from("created_at"), until("created_at"), prefer(), if_none_match();
    PostLists: limit(), cursor(), sort::<posts::PostSortKey>(), author(), starts("title"),
        from("created_at"), until("created_at"), from("updated_at"), until("updated_at"),
        embed(), prefer(), if_none_match();
    UserPostLists: limit(), cursor(), sort::<posts::PostSortKey>(), starts("title"),
        from("created_at"), until("created_at"), from("updated_at"), until("updated_at"),
        embed(), prefer(), if_none_match();
    Embed: embed();
    Fresh: if_none_match();
    Conditional: if_match(), if_none_match();
    Guard: if_match(), if_none_match_any();
    WithPosts: posts();
    Repeated: idempotency_key(), prefer_for_writes();
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
        .schema_type(Type::String)
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

fn one_of(values: impl IntoIterator<Item = String>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(values))
}

fn sort<K: SortKey>() -> Parameter {
    let keys = K::ALL.iter().map(|key| key.name());
    let schema = one_of(keys.flat_map(|key| [key.to_owned(), format!("-{key}")]))
        .default(Some(json!(K::default().name())));
    let description = "The key that the list is ordered by, `-` before it for descending. Rows \
        with equal keys follow in the order of their ids.";
    parameter(ParameterIn::Query, "sort", description, schema)
}

fn email() -> Parameter {
    let schema = schemas::email().description::<String>(None);
    let description = "The address, without regard to upper and lower case.";
    parameter(ParameterIn::Query, "email", description, schema)
}

fn author() -> Parameter {
    let schema = schemas::id().description::<String>(None);
    parameter(ParameterIn::Query, "user_id", "The author.", schema)
}

fn starts(key: &str) -> Parameter {
    let schema = string(0, 255, "^[^\\u0000-\\u001F\\u007F-\\u009F]*$").examples([json!("A")]);
    let description = format!("How the `{key}` begins. Goes with the sort on `{key}`.");
    parameter(
        ParameterIn::Query,
        &format!("{key}.starts"),
        &description,
        schema,
    )
}

fn from(key: &str) -> Parameter {
    let description = format!("The earliest `{key}`. Goes with the sort on `{key}`.");
    let name = format!("{key}.gte");
    parameter(ParameterIn::Query, &name, &description, schemas::instant())
}

fn until(key: &str) -> Parameter {
    let description = format!("What `{key}` is before. Goes with the sort on `{key}`.");
    let name = format!("{key}.lt");
    parameter(ParameterIn::Query, &name, &description, schemas::instant())
}

fn embed() -> Parameter {
    let schema = one_of(["user".to_owned()]);
    let description = "Adds the author to each post, as `user`.";
    parameter(ParameterIn::Query, "embed", description, schema)
}

fn prefer() -> Parameter {
    let schema = preferences().examples([json!("count=exact")]);
    let description = "`count=exact`: how many rows there are on all pages, as `X-Total-Count`. \
        Others are ignored (RFC 7240).";
    parameter(ParameterIn::Header, "Prefer", description, schema)
}

fn prefer_for_writes() -> Parameter {
    let description = "`tx=rollback`: carry the request out, answer as usual, and undo it. \
        `return=minimal`: answer without a body. Others are ignored (RFC 7240).";
    parameter(ParameterIn::Header, "Prefer", description, preferences())
}

fn idempotency_key() -> Parameter {
    // A string of RFC 8941, or the same without its quotes; see
    // `crate::request::idempotency_key`.
    const KEY: &str = "^(\"([!#-\\[\\]-~]|\\\\[\"\\\\]){1,255}\"|[!#-+\\--~]{1,255})$";
    let description = "Makes the request safe to repeat: the first answer that was committed is \
        given again for 24 hours, marked by `Idempotency-Replayed`.";
    let schema = string(1, 512, KEY).examples([json!("8e03978e-40d5-43e8-bc93-6894a57f9324")]);
    parameter(ParameterIn::Header, "Idempotency-Key", description, schema)
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

fn posts() -> Parameter {
    let schema = one_of(["delete".to_owned()]);
    let description = "What becomes of the user's posts. Without it, a user who has posts is kept.";
    parameter(ParameterIn::Query, "posts", description, schema)
}

pub(super) fn tags() -> ObjectBuilder {
    // RFC 9110 section 8.8.3, and lists as section 5.6.1.2 has recipients read them.
    const TAG: &str = "(W/)?\"[^\\u0000-\\u0020\"\\u007F]*\"";
    let list = format!("[, \\t]*{TAG}([ \\t]*,[, \\t]*{TAG})*[, \\t]*");
    string(
        1,
        preconditions::MAX_BYTES,
        &format!("^([ \\t]*\\*[ \\t]*|{list})$"),
    )
    .examples([json!("\"3\"")])
}

fn if_none_match() -> Parameter {
    let description = "Entity tags: if one of them is that of what would be answered, the answer \
        is 304 and has no body.";
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
