//! Errors that end the process.

use std::error::Error;
use std::io::{self, Write};
use std::iter;
use std::net::SocketAddr;
use std::process::ExitCode;

use byline_persistence::OpenError;
use byline_tokens::KeysUnusable;

use crate::signals::Signal;
use crate::tls::CertificateError;

/// Why the process failed. `Display` never repeats the source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A setting is wrong, or this is the output of `--help` or `--version`.
    #[error("the settings are wrong")]
    Settings(#[from] clap::Error),
    #[error("cannot start logging")]
    Logging(#[from] tracing_subscriber::util::TryInitError),
    #[error("cannot use the files that BYLINE_TLS_CERT and BYLINE_TLS_KEY name")]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("cannot use the keys of BYLINE_JWT_JWKS or BYLINE_JWT_SECRET")]
    Tokens(#[from] KeysUnusable),
    #[error("cannot export spans; check the variables that begin with OTEL_")]
    Tracing(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        cause: io::Error,
    },
    /// A supervisor passed on something other than a listening socket.
    #[error("cannot listen on what was passed on as LISTEN_FDS")]
    Inherited(#[source] io::Error),
    /// A supervisor's socket is open to other machines, without authentication.
    #[error(
        "the socket that was passed on listens on {0}, which other machines may reach, and the \
         service has no authentication: open it on a loopback address, or set \
         BYLINE_ALLOW_ANONYMOUS=true to let everyone read and change everything"
    )]
    NoAuthentication(SocketAddr),
    #[error("the service ended unexpectedly")]
    Serve(#[source] io::Error),
    #[error("the system refuses a resource that the service needs")]
    System(#[source] io::Error),
    #[error("ended at once by a second {}; requests in flight were not finished", .0.name)]
    Forced(Signal),
}

impl Failure {
    /// Prints the error with its causes on standard error, and returns the exit code:
    /// 2 for wrong settings, 1 for most others.
    pub(crate) fn report(&self) -> ExitCode {
        if let Self::Settings(error) = self {
            // Standard error may be closed.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        let first: &dyn Error = self;
        let causes = iter::successors(Some(first), |error| (*error).source());
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        drop(writeln!(io::stderr(), "byline: {}", causes.join(": ")));
        match self {
            Self::Forced(signal) => signal.exit_code.into(),
            _ => ExitCode::FAILURE,
        }
    }
}
