//! `POST /batch`: its body, and what became of each operation.

use std::borrow::Cow;

use byline_application::batch::MAX_OPERATIONS;
use serde_json::{Value, json};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{
    ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, RefOr, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::openapi::schemas::{
    ANYTHING, Members, created_at, entity_tags, id, ignored, integer, string, updated_at,
};
use crate::resources::posts::schemas::{OF_POST_OF_USER, author_id};
use crate::resources::users::schemas::OF_USER;

/// The body of `POST /batch`.
pub(crate) enum Batch {}

impl ToSchema for Batch {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Batch")
    }
}

impl PartialSchema for Batch {
    fn schema() -> RefOr<Schema> {
        let operations = OneOfBuilder::new()
            .item(operation(
                "create",
                "user",
                vec![("data", data(OF_USER, true))],
                true,
            ))
            .item(operation(
                "create",
                "post",
                vec![("data", post_data(true))],
                true,
            ))
            .item(operation(
                "update",
                "user",
                vec![("id", id()), ("data", data(OF_USER, false))],
                false,
            ))
            .item(operation(
                "update",
                "post",
                vec![("id", id()), ("data", post_data(false))],
                false,
            ))
            .item(operation("delete", "user", vec![("id", id())], false))
            .item(operation("delete", "post", vec![("id", id())], false));
        let operations = ArrayBuilder::new()
            .items(operations)
            .max_items(Some(MAX_OPERATIONS));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "Operations that are carried out in their order, all or none.",
            ))
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .property("operations", operations)
            .required("operations")
            .examples([json!({"operations": [
                {"op": "create", "type": "user",
                    "data": {"name": "Ada Lovelace", "email": "ada@example.org"}},
                {"op": "update", "type": "post", "id": 7, "data": {"title": "Notes"}}
            ]})])
            .into()
    }
}

/// One kind of operation: its words, what it must have, and what it may have.
fn operation(
    op: &str,
    kind: &str,
    required: Vec<(&str, ObjectBuilder)>,
    creates: bool,
) -> ObjectBuilder {
    let word = |word: &str| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some([word.to_owned()]))
    };
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .property("op", word(op))
        .required("op")
        .property("type", word(kind))
        .required("type");
    for (name, schema) in required {
        object = object.property(name, schema).required(name);
    }
    if creates {
        let description = "A name for what is created, once per batch.";
        object.property("ref", name_of_ref().description(Some(description)))
    } else {
        let description = "As the header `If-Match`.";
        object = object.property("if_match", entity_tags().description(Some(description)));
        if (op, kind) == ("delete", "user") {
            object = object.property("posts", word("delete"));
        }
        object
    }
}

fn name_of_ref() -> ObjectBuilder {
    string(1, 255, ANYTHING)
}

/// The members of what is created or changed by an operation.
fn post_data(required: bool) -> ObjectBuilder {
    let reference = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("The user whom an operation further ahead creates."))
        // Not as a property of that name, which tools would follow.
        .property_names(Some(
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(["$ref"])),
        ))
        .additional_properties(Some(name_of_ref()))
        .min_properties(Some(1))
        .max_properties(Some(1));
    let author = OneOfBuilder::new().item(author_id()).item(reference);
    let data = data(OF_POST_OF_USER, required).property("user_id", author);
    if required {
        data.required("user_id")
    } else {
        data
    }
}

/// As [`post_data`], of users.
fn data(members: Members, required: bool) -> ObjectBuilder {
    let mut object = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    for (name, schema) in members {
        object = object.property(*name, schema());
        if required {
            object = object.required(*name);
        }
    }
    if !required {
        for name in ["id", "created_at", "updated_at"] {
            object = object.property(name, ignored());
        }
    }
    object
}

/// What became of one operation of a batch.
pub(crate) enum BatchResult {}

impl ToSchema for BatchResult {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("BatchResult")
    }
}

impl PartialSchema for BatchResult {
    fn schema() -> RefOr<Schema> {
        let kinds = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(["user", "post"]));
        let status = integer(200, 204)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .description(Some("What the single request would have been answered."));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("What the server decided about one operation."))
            .property("status", status)
            .required("status")
            .property("type", kinds)
            .required("type")
            .property("id", id())
            .required("id")
            .property("etag", string(3, 32, "^\"[1-9][0-9]*\"$"))
            .property("created_at", created_at())
            .property("updated_at", updated_at())
            .examples([done()])
            .into()
    }
}

/// What became of an operation of a batch, for examples.
pub(crate) fn done() -> Value {
    json!({
        "status": 201, "type": "user", "id": 1, "etag": "\"1\"",
        "created_at": "2026-11-22T10:00:00.123456Z", "updated_at": "2026-11-22T10:00:00.123456Z"
    })
}
