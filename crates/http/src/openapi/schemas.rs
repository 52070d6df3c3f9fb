//! Members and bodies, with the limits of the domain.

mod batch;

use std::borrow::Cow;

use byline_domain::policy::Scope;
use byline_domain::{Content, EmailAddress, Title, UserId, UserName};
use serde_json::{Value, json};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{
    ArrayBuilder, KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::Code;
use crate::request::preconditions;

pub(crate) use batch::{Batch, BatchResult};

/// A line of text: not blank by Unicode's `White_Space`, no control characters.
const LINE: &str = "^[^\\u0000-\\u001F\\u007F-\\u009F]*\
    [^\\u0000-\\u0020\\u007F-\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000]\
    [^\\u0000-\\u001F\\u007F-\\u009F]*$";

/// No control characters but tab, line feed and carriage return.
const TEXT: &str = "^[^\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F]*$";

/// The pattern of the HTML living standard, with a dot in the domain.
const EMAIL: &str = "^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@\
    [a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\
    (\\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$";

/// For texts that may repeat whatever a client sent.
const ANYTHING: &str = "^[\\s\\S]*$";

const TIME: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$";

/// A user as it is answered, for examples.
pub(crate) fn ada() -> Value {
    json!({
        "id": 1, "name": "Ada Lovelace", "email": "ada@example.org",
        "created_at": "2026-11-22T10:00:00.123456Z", "updated_at": "2026-11-22T10:00:00.123456Z"
    })
}

/// A post as it is answered, for examples.
pub(crate) fn notes() -> Value {
    json!({
        "id": 7, "user_id": 1, "title": "Notes", "content": "On the Analytical Engine",
        "created_at": "2026-11-22T10:00:00.123456Z", "updated_at": "2026-11-22T10:00:00.123456Z"
    })
}

/// What became of an operation of a batch, for examples.
pub(crate) fn done() -> Value {
    json!({
        "status": 201, "type": "user", "id": 1, "etag": "\"1\"",
        "created_at": "2026-11-22T10:00:00.123456Z", "updated_at": "2026-11-22T10:00:00.123456Z"
    })
}

/// The id of a user or of a post.
pub(crate) fn id() -> ObjectBuilder {
    integer(1, UserId::MAX.get())
        .description(Some("Given by the server, never given twice."))
        .examples([json!(1)])
}

pub(crate) fn author_id() -> ObjectBuilder {
    id().description(Some("The user who wrote the post."))
}

pub(crate) fn name() -> ObjectBuilder {
    string(1, UserName::MAX_CHARS, LINE)
        .description(Some(
            "Not blank, no control characters. Stored and returned exactly as sent.",
        ))
        .examples([json!("Ada Lovelace")])
}

pub(crate) fn email() -> ObjectBuilder {
    string(5, EmailAddress::MAX_CHARS, EMAIL)
        // No `format: email`: that is RFC 5321's, which differs in small ways.
        .description(Some(
            "Unique without regard to upper and lower case. Returned as it was sent.",
        ))
        .examples([json!("ada@example.org")])
}

pub(crate) fn title() -> ObjectBuilder {
    string(1, Title::MAX_CHARS, LINE)
        .description(Some(
            "Not blank, no control characters. Stored and returned exactly as sent.",
        ))
        .examples([json!("Notes")])
}

pub(crate) fn content() -> ObjectBuilder {
    string(0, Content::MAX_CHARS, TEXT)
        .description(Some(
            "No control characters but tab, line feed and carriage return.",
        ))
        .examples([json!("On the Analytical Engine")])
}

pub(crate) fn created_at() -> ObjectBuilder {
    time("When it was created.")
}

pub(crate) fn updated_at() -> ObjectBuilder {
    time("When it was changed last.")
}

/// A moment as a client writes it: RFC 3339 with any offset.
pub(crate) fn instant() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .max_length(Some(64))
        .examples([json!("2026-11-22T10:00:00Z")])
}

/// A moment: RFC 3339 in UTC, microseconds.
fn time(description: &str) -> ObjectBuilder {
    string(27, 27, TIME)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some(description))
        .examples([json!("2026-11-22T10:00:00.123456Z")])
}

/// A text of the service's own, for a person.
pub(crate) fn prose() -> ObjectBuilder {
    string(1, 65_536, ANYTHING)
}

/// One of the service's own words: codes, names of releases, paths.
pub(crate) fn word() -> ObjectBuilder {
    string(1, 256, "^[\\u0021-\\u007E]+$")
}

/// A set of scopes.
pub(crate) fn scopes() -> ArrayBuilder {
    let names = Scope::ALL.map(Scope::name);
    let scope = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .build();
    ArrayBuilder::new()
        .items(scope)
        .max_items(Some(names.len()))
        .unique_items(true)
}

/// A number of the service's own that cannot be negative.
pub(crate) fn count() -> ObjectBuilder {
    integer(0, UserId::MAX.get())
}

pub(crate) fn status_code() -> ObjectBuilder {
    integer(400, 599).format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
}

/// The `code` of a problem.
pub(crate) fn problem_code() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("What kind of problem it is, for programs."))
        .enum_values(Some(Code::ALL.map(Code::name)))
}

/// The `type` of a problem: where it is explained.
pub(crate) fn problem_type() -> ObjectBuilder {
    string(11, 512, "^[!-~]*/problems/[a-z-]+$")
        .format(Some(SchemaFormat::Custom("uri-reference".to_owned())))
}

/// The name of a request.
pub(crate) fn request_id() -> ObjectBuilder {
    string(1, 128, "^[A-Za-z0-9._~-]+$").description(Some("The id of the request."))
}

/// What is wrong with which part of a request.
pub(crate) fn faults() -> ArrayBuilder {
    let fault = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("What is wrong with one part of the request."))
        .property(
            "pointer",
            string(0, 1024, "^(/[\\s\\S]*)?$")
                .description(Some("The member of the body (RFC 6901).")),
        )
        .property(
            "parameter",
            string(0, 1024, ANYTHING).description(Some("The parameter of the query.")),
        )
        .property(
            "code",
            word().description(Some("The broken rule, for programs.")),
        )
        .required("code")
        .property(
            "detail",
            prose().description(Some("The broken rule, for people.")),
        )
        .required("detail");
    ArrayBuilder::new().items(fault).max_items(Some(1000))
}

/// Entity tags, as `If-Match` and `If-None-Match` list them.
pub(super) fn entity_tags() -> ObjectBuilder {
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

pub(super) fn integer(least: i64, most: i64) -> ObjectBuilder {
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

/// The members that a client gives, in bodies of requests.
type Members = &'static [(&'static str, fn() -> ObjectBuilder)];

const OF_USER: Members = &[("name", name), ("email", email)];
const OF_POST: Members = &[
    ("user_id", author_id),
    ("title", title),
    ("content", content),
];
const OF_POST_OF_USER: Members = &[("title", title), ("content", content)];

/// Declares the bodies of requests: name, members, whether they must be there,
/// whether what the server gives may be sent back, description, example.
macro_rules! bodies {
    ($($name:ident $members:ident $required:literal $sent_back:literal $description:literal $example:tt)+) => {
        $(
            #[doc = $description]
            pub(crate) enum $name {}

            impl ToSchema for $name {
                fn name() -> Cow<'static, str> {
                    Cow::Borrowed(stringify!($name))
                }
            }

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    body($members, $required, $sent_back, $description, json!($example))
                }
            }
        )+
    };
}

bodies! {
    CreateUser OF_USER true false "A user to create."
        {"name": "Ada Lovelace", "email": "ada@example.org"}
    ReplaceUser OF_USER true true "All that a client can set of a user."
        {"name": "Countess of Lovelace", "email": "ada@example.org"}
    UpdateUser OF_USER false true "What to change of a user (RFC 7396)."
        {"name": "Countess of Lovelace"}
    CreatePost OF_POST true false "A post to create."
        {"user_id": 1, "title": "Notes", "content": "On the Analytical Engine"}
    CreateUserPost OF_POST_OF_USER true false "A post to create; the path names its author."
        {"title": "Notes", "content": "On the Analytical Engine"}
    ReplacePost OF_POST true true "All that a client can set of a post."
        {"user_id": 1, "title": "Notes by the translator", "content": "On the Analytical Engine"}
    UpdatePost OF_POST false true "What to change of a post (RFC 7396)."
        {"title": "Notes by the translator"}
}

fn body(
    members: Members,
    required: bool,
    sent_back: bool,
    description: &str,
    example: Value,
) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .examples([example]);
    for (name, schema) in members {
        object = object.property(*name, schema());
        if required {
            object = object.required(*name);
        }
    }
    if sent_back {
        for name in ["id", "created_at", "updated_at"] {
            object = object.property(name, ignored());
        }
    }
    object.into()
}

/// A member of which nothing is read.
fn ignored() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::SchemaType::AnyValue)
        .description(Some(
            "Ignored, so that what was read can be changed and sent back.",
        ))
}
