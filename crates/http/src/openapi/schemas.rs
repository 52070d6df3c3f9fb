//! Schemas that resources have in common.

use byline_domain::policy::Scope;
use byline_domain::{Text, UserId};
use serde_json::{Value, json};
use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};

use crate::problem::Code;
use crate::request::preconditions;

/// A line of text: not blank by Unicode's `White_Space`, no control characters.
pub(crate) const LINE: &str = "^[^\\u0000-\\u001F\\u007F-\\u009F]*\
    [^\\u0000-\\u0020\\u007F-\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000]\
    [^\\u0000-\\u001F\\u007F-\\u009F]*$";

/// No control characters but tab, line feed and carriage return.
pub(crate) const TEXT: &str = "^[^\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F]*$";

/// For texts that may contain input of a client.
pub(crate) const ANYTHING: &str = "^[\\s\\S]*$";

const TIME: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$";

/// A line of text.
pub(crate) fn line<T: Text>(example: &str) -> ObjectBuilder {
    string(1, T::MAX_CHARS, LINE)
        .description(Some(
            "Not blank, no control characters. Stored and returned exactly as sent.",
        ))
        .examples([json!(example)])
}

/// A text of any number of lines, which may be empty.
pub(crate) fn lines<T: Text>(example: &str) -> ObjectBuilder {
    string(0, T::MAX_CHARS, TEXT)
        .description(Some(
            "No control characters but tab, line feed and carriage return.",
        ))
        .examples([json!(example)])
}

/// An object with these members, each of which is required.
pub(crate) fn object(
    members: impl IntoIterator<Item = (&'static str, ObjectBuilder)>,
) -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(Type::Object);
    members.into_iter().fold(object, |object, (name, schema)| {
        object.property(name, schema).required(name)
    })
}

/// The same, without any other members.
pub(crate) fn closed_object(
    members: impl IntoIterator<Item = (&'static str, ObjectBuilder)>,
) -> ObjectBuilder {
    object(members).additional_properties(Some(AdditionalProperties::FreeForm(false)))
}

/// Returns `name` with a capital, as part of a name in camel case.
pub(crate) fn capitalized(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().into_iter();
    first
        .flat_map(char::to_uppercase)
        .chain(characters)
        .collect()
}

/// The id of a row.
pub(crate) fn id() -> ObjectBuilder {
    integer(1, UserId::MAX.get())
        .description(Some("Given by the server, never given twice."))
        .examples([json!(1)])
}

/// The times of a row.
pub(crate) fn times() -> [(&'static str, ObjectBuilder); 2] {
    [
        ("created_at", time("When it was created.")),
        ("updated_at", time("When it was changed last.")),
    ]
}

/// Returns the example of a row with its times.
pub(crate) fn with_times(mut row: Value) -> Value {
    if let Some(members) = row.as_object_mut() {
        for name in ["created_at", "updated_at"] {
            members.insert(name.to_owned(), json!("2026-11-22T10:00:00.123456Z"));
        }
    }
    row
}

/// A time in a request: RFC 3339 with any offset.
pub(crate) fn instant() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .max_length(Some(64))
        .examples([json!("2026-11-22T10:00:00Z")])
}

/// A time in a response: RFC 3339 in UTC, with microseconds.
fn time(description: &str) -> ObjectBuilder {
    string(27, 27, TIME)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some(description))
        .examples([json!("2026-11-22T10:00:00.123456Z")])
}

/// A text of the service for people.
pub(crate) fn prose() -> ObjectBuilder {
    string(1, 65_536, ANYTHING)
}

/// A word of the service: a code, the name of a release, a path.
pub(crate) fn word() -> ObjectBuilder {
    string(1, 256, "^[\\u0021-\\u007E]+$")
}

/// One of these words.
pub(crate) fn one_of(values: impl IntoIterator<Item = String>) -> ObjectBuilder {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    schema.enum_values(Some(values))
}

/// A set of scopes.
pub(crate) fn scopes() -> ArrayBuilder {
    let names = Scope::ALL.map(|scope| scope.name().to_owned());
    let count = names.len();
    let scopes = ArrayBuilder::new().items(one_of(names));
    scopes.max_items(Some(count)).unique_items(true)
}

/// A number of the service that is not negative.
pub(crate) fn count() -> ObjectBuilder {
    integer(0, UserId::MAX.get())
}

pub(crate) fn status_code() -> ObjectBuilder {
    integer(400, 599).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
}

/// The `code` of a problem.
pub(crate) fn problem_code() -> ObjectBuilder {
    let names = Code::ALL.map(|code| code.name().to_owned());
    one_of(names).description(Some("What kind of problem it is, for programs."))
}

/// The `type` of a problem: the path of the page about it.
pub(crate) fn problem_type() -> ObjectBuilder {
    string(11, 512, "^[!-~]*/problems/[a-z-]+$")
        .format(Some(SchemaFormat::Custom("uri-reference".to_owned())))
}

/// The id of a request.
pub(crate) fn request_id() -> ObjectBuilder {
    string(1, 128, "^[A-Za-z0-9._~-]+$").description(Some("The id of the request."))
}

/// The errors of a request, each with its location.
pub(crate) fn errors() -> ArrayBuilder {
    let pointer = string(0, 1024, "^(/[\\s\\S]*)?$");
    let parameter = string(0, 1024, ANYTHING);
    let code = word().description(Some("The broken rule, for programs."));
    let detail = prose().description(Some("The broken rule, for people."));
    let error = object([("code", code), ("detail", detail)])
        .description(Some("What is wrong with one part of the request."))
        .property(
            "pointer",
            pointer.description(Some("The member of the body (RFC 6901).")),
        )
        .property(
            "parameter",
            parameter.description(Some("The parameter of the query.")),
        );
    ArrayBuilder::new().items(error).max_items(Some(1000))
}

/// Entity tags, as `If-Match` and `If-None-Match` list them.
pub(crate) fn entity_tags() -> ObjectBuilder {
    // RFC 9110 section 8.8.3, and lists as section 5.6.1.2 has recipients read them.
    const TAG: &str = "(W/)?\"[^\\u0000-\\u0020\"\\u007F]*\"";
    let list = format!("[, \\t]*{TAG}([ \\t]*,[, \\t]*{TAG})*[, \\t]*");
    let pattern = format!("^([ \\t]*\\*[ \\t]*|{list})$");
    string(1, preconditions::MAX_BYTES, &pattern).examples([json!("\"3\"")])
}

pub(crate) fn integer(least: i64, most: i64) -> ObjectBuilder {
    let bound = |n| isize::try_from(n).unwrap_or(isize::MAX);
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(bound(least)))
        .maximum(Some(bound(most)))
}

pub(crate) fn string(least: usize, most: usize, pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(least))
        .max_length(Some(most))
        .pattern(Some(pattern))
}

/// A member that the server ignores.
pub(crate) fn ignored() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some(
            "Ignored, so that what was read can be changed and sent back.",
        ))
}
