//! Batches in the OpenAPI document: their responses.

use byline_application::batch::MAX_OPERATIONS;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::{ArrayBuilder, ContentBuilder, Ref, Schema};

use super::schemas::{self, BatchResult};
use crate::openapi::responses::{self, OF_WRITES, Responses, minimal, one, response};
use crate::request::accept::JSON;

responses::groups! {
    BatchDone: batch_done();
}

fn batch_done() -> Responses {
    let results = ArrayBuilder::new()
        .items(Ref::from_schema_name(BatchResult::name()))
        .max_items(Some(MAX_OPERATIONS));
    let content = ContentBuilder::new()
        .schema(Some(Schema::from(results)))
        .example(Some(json!([schemas::example_result()])))
        .build();
    let done = response("What became of each operation, in their order.").content(JSON, content);
    let mut responses = one("200", done, OF_WRITES);
    responses.append(&mut minimal(OF_WRITES));
    responses
}
