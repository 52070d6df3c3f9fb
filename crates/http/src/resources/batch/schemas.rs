//! The schemas of `POST /batch`: its body, and the result of an operation.

use std::borrow::Cow;

use byline_application::batch::MAX_OPERATIONS;
use serde_json::{Value, json};
use utoipa::openapi::{
    ArrayBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, RefOr, Schema, SchemaFormat,
};
use utoipa::{PartialSchema, ToSchema};

use crate::openapi::schemas::{
    ANYTHING, closed_object, entity_tags, id, integer, object, one_of, string, times,
};
use crate::resource::RestResource;
use crate::resource::for_each_entity;
use crate::resources::document::members;

/// The body of `POST /batch`.
pub(crate) enum Batch {}

impl ToSchema for Batch {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Batch")
    }
}

impl PartialSchema for Batch {
    fn schema() -> RefOr<Schema> {
        let mut kinds = [Vec::new(), Vec::new(), Vec::new()];
        for_each_entity!(add_operations(&mut kinds));
        let operations = kinds.into_iter().flatten();
        let operations = operations.fold(OneOfBuilder::new(), OneOfBuilder::item);
        let operations = ArrayBuilder::new()
            .items(operations)
            .max_items(Some(MAX_OPERATIONS));
        closed_object([])
            .description(Some(
                "Operations that are carried out in their order, all or none.",
            ))
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

/// Adds the operations that create, update and delete rows of `E`.
fn add_operations<E: RestResource>([create, update, delete]: &mut [Vec<ObjectBuilder>; 3]) {
    let reference = name_of_ref().description(Some("A name for what is created, once per batch."));
    let create_one = operation("create", E::NAME)
        .property("data", data::<E>(true))
        .required("data")
        .property("ref", reference);
    create.push(create_one);
    let if_match = || entity_tags().description(Some("As the header `If-Match`."));
    let with_id = |op| operation(op, E::NAME).property("id", id()).required("id");
    let update_one = with_id("update")
        .property("data", data::<E>(false))
        .required("data")
        .property("if_match", if_match());
    update.push(update_one);
    let delete_one = with_id("delete").property("if_match", if_match());
    let children = E::CHILDREN.iter();
    delete.push(children.fold(delete_one, |operation, children| {
        operation.property(children.name, word("delete"))
    }));
}

/// Describes the common members of operations.
fn operation(op: &str, kind: &str) -> ObjectBuilder {
    closed_object([("op", word(op)), ("type", word(kind))])
}

fn word(word: &str) -> ObjectBuilder {
    one_of([word.to_owned()])
}

fn name_of_ref() -> ObjectBuilder {
    string(1, 255, ANYTHING)
}

/// Describes the data of an operation. It may refer to parents that the batch creates.
fn data<E: RestResource>(required: bool) -> ObjectBuilder {
    let mut data = members::<E>(|_| true, required, !required);
    for field in E::FIELDS {
        if let Some(relation) = field.relation {
            let parent = OneOfBuilder::new()
                .item((field.schema)())
                .item(reference(relation.parent));
            data = data.property(field.name, parent);
        }
    }
    data
}

fn reference(parent: &str) -> ObjectBuilder {
    let description = format!("The {parent} that an operation further ahead creates.");
    object([])
        .description(Some(description))
        // Not as a property of that name, which tools would follow.
        .property_names(Some(word("$ref")))
        .additional_properties(Some(name_of_ref()))
        .min_properties(Some(1))
        .max_properties(Some(1))
}

/// The result of one operation of a batch.
pub(crate) enum BatchResult {}

impl ToSchema for BatchResult {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("BatchResult")
    }
}

impl PartialSchema for BatchResult {
    fn schema() -> RefOr<Schema> {
        let mut names = Vec::new();
        for_each_entity!(add_name(&mut names));
        let kinds = one_of(names.into_iter().map(str::to_owned));
        let status = integer(200, 204)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .description(Some("What the single request would have been answered."));
        let etag = string(3, 32, "^\"[1-9][0-9]*\"$");
        let result = object([("status", status), ("type", kinds), ("id", id())])
            .description(Some("What the server decided about one operation."))
            .property("etag", etag);
        let result = times()
            .into_iter()
            .fold(result, |result, (name, time)| result.property(name, time));
        result.examples([example_result()]).into()
    }
}

fn add_name<E: RestResource>(names: &mut Vec<&'static str>) {
    names.push(E::NAME);
}

/// Returns an example of the result of an operation.
pub(crate) fn example_result() -> Value {
    json!({
        "status": 201, "type": "user", "id": 1, "etag": "\"1\"",
        "created_at": "2026-11-22T10:00:00.123456Z", "updated_at": "2026-11-22T10:00:00.123456Z"
    })
}
