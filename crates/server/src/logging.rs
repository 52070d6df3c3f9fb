//! Structured logs on standard error.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::settings::{LogFormat, LogSettings};

/// Starts to write the logs of the program and its libraries to standard error.
///
/// # Errors
///
/// Another subscriber is already set.
pub(crate) fn start(settings: &LogSettings) -> Result<(), TryInitError> {
    let terminal = io::stderr().is_terminal();
    let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let format = settings.format.unwrap_or(if terminal {
        LogFormat::Text
    } else {
        LogFormat::Json
    });
    let lines = fmt::layer().with_writer(io::stderr);
    let filtered = tracing_subscriber::registry().with(filter(settings.level));
    match format {
        LogFormat::Text => filtered.with(lines.with_ansi(colours)).try_init(),
        LogFormat::Json => filtered.with(lines.json().flatten_event(true)).try_init(),
    }
}

/// Returns the filter. Without `debug`, it omits the framework's internal events, and
/// its errors about requests that are not HTTP: any client could fill the log with
/// these.
fn filter(level: LevelFilter) -> Targets {
    let (framework, dispatcher) = if level > LevelFilter::INFO {
        (level, level)
    } else {
        (level.min(LevelFilter::WARN), LevelFilter::OFF)
    };
    Targets::new()
        .with_default(level)
        .with_target("actix_server", framework)
        .with_target("actix_http::h1::dispatcher", dispatcher)
}

impl LogSettings {
    /// Returns whether every request is logged.
    pub(crate) fn every_request(&self) -> bool {
        self.requests.unwrap_or_else(|| io::stderr().is_terminal())
    }
}
