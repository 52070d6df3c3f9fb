use actix_web::HttpResponse;
use byline_application::Readiness;
use serde::Serialize;

use crate::answer;
use crate::call::Call;
use crate::problem::{Code, Problem};

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

/// `GET /livez`: the process runs.
pub(crate) async fn live(_: Call) -> Result<HttpResponse, Problem> {
    answer::document(&Status { status: "live" })
}

/// `GET /readyz`: the process can serve. Answers at once from what the store
/// saw last, whatever the database does.
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
