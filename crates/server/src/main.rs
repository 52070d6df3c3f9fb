//! The service: settings, logs, database and HTTP, put together.

use std::process::ExitCode;
use std::sync::Arc;

use byline_http::Api;

mod clock;
mod database;
mod failure;
mod logging;
mod serve;
mod settings;
mod signals;
mod sweeper;

use clock::SystemClock;
use failure::Failure;
use settings::Settings;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Runs the service until it is told to end.
fn run() -> Result<(), Failure> {
    let settings = Settings::read()?;
    logging::start(&settings.log)?;
    let database = database::open(&settings.database)?;
    let api = Api::new(
        database.store(),
        Arc::new(SystemClock),
        byline_http::Settings {
            request_deadline: settings.http.request_deadline,
            require_if_match: settings.http.require_if_match,
            log_requests: settings.log.every_request(),
            version: env!("CARGO_PKG_VERSION"),
        },
    );
    actix_web::rt::System::new().block_on(serve::until_signal(&settings.http, api, database))
}
