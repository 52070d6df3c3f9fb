//! `bylinectl health`

use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::print::print;

/// The service to ask.
#[derive(Debug, Args)]
pub(crate) struct Probe {
    /// Where the service tells whether it can serve.
    #[arg(default_value = "http://127.0.0.1:9464/readyz")]
    url: String,
}

/// How long the answer may take. A healthy service answers at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the service, and prints `ready` if it is.
pub(crate) fn run(probe: &Probe) -> Result<(), Failure> {
    let url = probe.url.clone();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    match agent.get(&url).call() {
        Ok(answer) if answer.status().is_success() => print("ready"),
        Ok(answer) => Err(Failure::NotReady {
            url,
            status: answer.status().as_u16(),
        }),
        Err(error) => Err(Failure::NoAnswer {
            url,
            cause: error.into(),
        }),
    }
}
