use byline_application::EntityRef;
use byline_application::batch::{Effect, OperationOutcome};
use serde::Serialize;

use crate::request::preconditions::etag;
use crate::response::time::Time;

/// What became of one operation: what the server decided, and nothing that the
/// request has said already. So the answer stays small, whatever is written.
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

pub(in crate::resources::batch) fn result(done: &OperationOutcome) -> OperationResult {
    let EntityRef { entity, id } = done.subject;
    let (status, stamp) = match done.effect {
        Effect::Created(stamp) => (201, Some(stamp)),
        Effect::Updated(stamp) => (200, Some(stamp)),
        Effect::Deleted => (204, None),
    };
    OperationResult {
        status,
        r#type: entity,
        id,
        row: stamp.map(|stamp| Row {
            etag: etag(stamp.version).to_str().unwrap_or_default().to_owned(),
            created_at: Time(stamp.created_at),
            updated_at: Time(stamp.updated_at),
        }),
    }
}
