use byline_application::{Readiness, ServerHealth};
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::refusals::CommonErrors;
use crate::openapi::responses::{self, json_of, one};
use crate::openapi::schemas;
use crate::problem::{Code, HandlerResult, Problem};
use crate::request::context::RequestContext;
use crate::response::representation;

/// How it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    #[schema(schema_with = schemas::word)]
    status: &'static str,
    /// How each server of the database is, in the order in which they were
    /// named; only where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 100)]
    servers: Vec<ServerStatus>,
}

/// How one server of the database is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum ServerStatus {
    /// It reads and writes.
    Ready,
    /// It reads.
    ReadOnly,
    /// It cannot be reached, or does nothing at present.
    Away,
}

responses::groups! {
    StatusDocument: one("200", json_of::<Status>("It does."), &[]);
}

/// Tell whether the process runs
///
/// For a supervisor that restarts the process when it does not.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "getLiveness",
    responses(StatusDocument, CommonErrors)
)]
pub(crate) async fn live(_: RequestContext) -> HandlerResult {
    representation::document(&Status {
        status: "live",
        servers: Vec::new(),
    })
}

/// Tell whether the process can serve
///
/// Answers at once from what the store saw last, whatever the database does.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    responses(StatusDocument, CommonErrors)
)]
pub(crate) async fn ready(context: RequestContext) -> HandlerResult {
    if context.api.is_draining() {
        return Err(not_ready("This instance is shutting down."));
    }
    let health = context.api.store().health();
    let status = match health.readiness {
        Readiness::Ready => Ok("ready"),
        Readiness::ReadOnly => Ok("read-only"),
        Readiness::Unreachable(_) => Err("The database cannot be reached."),
        Readiness::WrongSchema => {
            Err("The schema of the database is not the one that this version needs.")
        }
        Readiness::ThreadMissing => {
            Err("A thread of this instance has failed and is being started again.")
        }
        Readiness::ShuttingDown => Err("This instance is shutting down."),
    };
    representation::document(&Status {
        status: status.map_err(not_ready)?,
        servers: several(&health.servers),
    })
}

/// Returns the states of several servers. That of a single one would add nothing.
fn several(servers: &[ServerHealth]) -> Vec<ServerStatus> {
    if servers.len() < 2 {
        return Vec::new();
    }
    let servers = servers.iter().map(|health| match health {
        ServerHealth::Ready => ServerStatus::Ready,
        ServerHealth::ReadOnly => ServerStatus::ReadOnly,
        ServerHealth::Away => ServerStatus::Away,
    });
    servers.collect()
}

fn not_ready(detail: &'static str) -> Problem {
    Problem::new(Code::NotReady, detail)
}
