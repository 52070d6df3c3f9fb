use byline_application::EntityRef;
use byline_application::batch::{Effect, OperationOutcome};
use serde::Serialize;

use crate::request::preconditions::etag;
use crate::response::time::Time;

/// The result of one operation: only what the server decided. Nothing of the request is repeated,
/// so that the response stays small.
#[derive(Serialize)]
pub(in crate::resources::batch) struct OperationResult {
    status: u16,
    r#type: &'static str,
    id: i64,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    row: Option<Row>,
}

#[derive(Serialize)]
struct Row {
    etag: String,
    created_at: Time,
    updated_at: Time,
}

pub(in crate::resources::batch) fn result(outcome: &OperationOutcome) -> OperationResult {
    let EntityRef { entity, id } = outcome.subject;
    let (status, meta) = match outcome.effect {
        Effect::Created(meta) => (201, Some(meta)),
        Effect::Updated(meta) => (200, Some(meta)),
        Effect::Deleted => (204, None),
    };
    OperationResult {
        status,
        r#type: entity,
        id,
        row: meta.map(|meta| Row {
            etag: etag(meta.version).to_str().unwrap_or_default().to_owned(),
            created_at: Time(meta.created_at),
            updated_at: Time(meta.updated_at),
        }),
    }
}
