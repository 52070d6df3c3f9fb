//! The composition root: settings, logs, database and HTTP.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use byline_http::Api;
use tracing::warn;

mod admin;
mod authentication;
mod clock;
mod connection;
mod database;
mod descriptors;
mod failure;
mod listener;
mod logging;
mod serve;
mod settings;
mod signals;
mod sweeper;
mod tls;
mod tracing_export;

use clock::SystemClock;
use failure::Failure;
use settings::{Invocation, Settings, UnknownVariable};
use tls::Certificate;
use tracing_export::TracingExport;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Runs the service until a signal ends it.
fn run() -> Result<(), Failure> {
    let settings = match Settings::read()? {
        Invocation::Service(settings) => settings,
        Invocation::Text(text) => {
            // Standard output may be closed.
            drop(io::stdout().write_all(text.as_bytes()));
            return Ok(());
        }
    };
    logging::start(&settings.log)?;
    for UnknownVariable { name, nearest } in &settings.unknown {
        match nearest {
            Some(nearest) => warn!("{name} is no setting and is ignored; is {nearest} meant?"),
            None => warn!("{name} is no setting and is ignored; --print-config lists all settings"),
        }
    }
    descriptors::reserve(settings.protection.max_connections.get());
    let certificate = settings.tls.files().map(Certificate::load).transpose()?;
    let database = database::open(&settings.database)?;
    let export = TracingExport::start(&settings.tracing)?;
    let authentication = authentication::from_settings(&settings.authentication)?;
    let api = Api::new(
        database.store(),
        Arc::new(SystemClock),
        byline_http::Settings {
            request_deadline: settings.http.request_deadline,
            require_if_match: settings.http.require_if_match,
            authentication: authentication.clone(),
            log_requests: settings.log.every_request(),
            base_url: settings.http.base_url.clone(),
            protection: settings.protection.protection(certificate.is_some()),
            tracer: export.as_ref().map(TracingExport::tracer),
            version: env!("CARGO_PKG_VERSION"),
        },
    );
    let served = serve::until_signal(&settings, certificate, api, database, authentication);
    actix_web::rt::System::new().block_on(served)?;
    if let Some(export) = export {
        export.shut_down();
    }
    Ok(())
}
