//! `/batch`: many operations in one transaction.

mod canonical;
mod openapi;
pub(crate) mod request;
mod response;
mod schemas;

use byline_application::{Intent, batch as use_case};

use crate::openapi::parameters::Repeated;
use crate::openapi::refusals::{
    AuthErrors, BadBody, CommonErrors, Conflict, NotFound, WritePrecondition,
};
use crate::problem::HandlerResult;
use crate::request::body::Media;
use crate::request::context::RequestContext;
use crate::response::stored_response::StoredResponse;
use openapi::BatchDone;

pub(crate) use schemas::{Batch, BatchResult};

/// Run operations in one transaction
///
/// Up to 1,000 creations, changes and deletions, in their order: all or none.
#[utoipa::path(
    post,
    path = "/batch",
    operation_id = "runBatch",
    params(Repeated),
    request_body = Batch,
    responses(BatchDone, CommonErrors, AuthErrors, NotFound, BadBody, Conflict, WritePrecondition)
)]
pub(crate) async fn run(mut context: RequestContext) -> HandlerResult {
    let guarded = context.api.settings().require_if_match;
    let operations = request::parse(&context.body(Media::Json).await?, guarded)?;
    let now = context.now();
    context
        .write(
            Intent::Write,
            context.claim(|| canonical::canonical(&operations)),
            move |session, principal| use_case::run(session, principal, &operations, now),
            |outcomes| {
                let results: Vec<_> = outcomes.iter().map(response::result).collect();
                StoredResponse::document(&results)
            },
        )
        .await
}
