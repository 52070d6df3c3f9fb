use actix_web::HttpResponse;
use byline_application::Readiness;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer;
use crate::call::Call;
use crate::openapi::refusals::Always;
use crate::openapi::responses::StatusDocument;
use crate::openapi::schemas;
use crate::problem::{Code, Problem};

/// How it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    #[schema(schema_with = schemas::word)]
    status: &'static str,
}

/// Tell whether the process runs
///
/// For whoever restarts it when it does not.
#[utoipa::path(
    get,
    path = "/livez",
    operation_id = "getLiveness",
    tag = "service",
    responses(StatusDocument, Always)
)]
pub(crate) async fn live(_: Call) -> Result<HttpResponse, Problem> {
    answer::document(&Status { status: "live" })
}

/// Tell whether the process can serve
///
/// Answers at once from what the store saw last, whatever the database does.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "service",
    responses(StatusDocument, Always)
)]
pub(crate) async fn ready(call: Call) -> Result<HttpResponse, Problem> {
    if call.api().is_draining() {
        return Err(not_ready("This instance is shutting down."));
    }
    match call.api().store().health().readiness {
        Readiness::Ready => answer::document(&Status { status: "ready" }),
        Readiness::Unreachable(_) => Err(not_ready("The database cannot be reached.")),
        Readiness::WrongSchema => Err(not_ready(
            "The schema of the database is not the one that this version needs.",
        )),
        Readiness::ShuttingDown => Err(not_ready("This instance is shutting down.")),
    }
}

fn not_ready(detail: &'static str) -> Problem {
    Problem::new(Code::NotReady, detail)
}
