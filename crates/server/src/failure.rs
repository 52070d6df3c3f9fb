//! Why the service did not start or did not end well, and what the process
//! then tells.

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use byline_persistence::OpenError;
use byline_tokens::KeysUnusable;

use crate::signals::Signal;
use crate::tls::CertificateError;

/// Why the process ends otherwise than asked for. `Display` never repeats the
/// source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A setting is wrong, or only `--help` or `--version` was wanted.
    #[error("the settings are wrong")]
    Settings(#[from] clap::Error),
    /// Logs cannot be written.
    #[error("cannot start logging")]
    Logging(#[from] tracing_subscriber::util::TryInitError),
    /// The certificate of `BYLINE_TLS_CERT` and `BYLINE_TLS_KEY` is of no use.
    #[error("cannot speak TLS with the files that BYLINE_TLS_CERT and BYLINE_TLS_KEY name")]
    Certificate(#[from] CertificateError),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// Tokens cannot be judged.
    #[error("BYLINE_JWT_JWKS or BYLINE_JWT_SECRET is of no use")]
    Tokens(#[from] KeysUnusable),
    /// Spans cannot be exported.
    #[error("cannot export spans; look at the variables that begin with OTEL_")]
    Tracing(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        cause: io::Error,
    },
    /// A supervisor passed on something that cannot be listened on.
    #[error("cannot listen on what was passed on as LISTEN_FDS")]
    Inherited(#[source] io::Error),
    /// A supervisor's socket is open to other machines.
    #[error(
        "the socket that was passed on listens on {0}, which other machines may reach, and the \
         service has no authentication: open it on a loopback address, or set \
         BYLINE_ALLOW_ANONYMOUS=true to let everybody read and change everything"
    )]
    Strangers(SocketAddr),
    /// The service cannot go on.
    #[error("the service ended unexpectedly")]
    Serve(#[source] io::Error),
    /// The system refuses what the service needs.
    #[error("the system refuses to let the service run")]
    System(#[source] io::Error),
    /// A second signal came before the service had ended in good order.
    #[error("ended at once by a second {0}; what was in flight was not finished")]
    Forced(Signal),
}

impl Failure {
    /// Tells a person, in one sentence with its causes, and the caller by the
    /// exit code: 2 for wrong settings, 1 for the rest.
    pub(crate) fn report(&self) -> ExitCode {
        if let Self::Settings(error) = self {
            // To a closed terminal nothing can be told.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        let mut sentence = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            sentence.push_str(": ");
            sentence.push_str(&error.to_string());
            cause = error.source();
        }
        drop(writeln!(io::stderr(), "byline: {sentence}"));
        match self {
            Self::Forced(signal) => ExitCode::from(signal.exit_code()),
            _ => ExitCode::FAILURE,
        }
    }
}
