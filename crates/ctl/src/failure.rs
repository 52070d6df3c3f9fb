//! Why a command failed, and what the process then tells.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use byline_application::AppError;
use byline_domain::{TimestampError, Violations};
use byline_persistence::OpenError;

/// Why a command failed. `Display` never repeats the source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The arguments are wrong, or only `--help` or `--version` was wanted.
    #[error("the arguments are wrong")]
    Arguments(#[from] clap::Error),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The database refused a change.
    #[error("the database refused a change")]
    Refused(#[from] AppError),
    /// Something in the database is broken.
    #[error("the database is damaged as listed; stop the service and restore a backup")]
    Damaged,
    /// The same made-up users are there already.
    #[error(
        "the database has users of seed {0} already; choose another with `--seed`, or another \
         database"
    )]
    SeededBefore(u64),
    /// Posts need somebody who wrote them.
    #[error("posts need authors: ask for at least one user with `--users`")]
    NoAuthors,
    /// What was made up breaks a rule of the domain: a bug.
    #[error("made up something that breaks a rule")]
    Unfit(#[source] Box<dyn Error + Send + Sync>),
    /// The service does not answer.
    #[error("no answer from {url}")]
    NoAnswer {
        /// What was asked.
        url: String,
        /// Why there is none.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The service cannot serve.
    #[error("not ready: {url} answers {status}")]
    NotReady {
        /// What was asked.
        url: String,
        /// The answer's status.
        status: u16,
    },
    /// The system refuses what the command needs.
    #[error("the system refuses to let the command run")]
    System(#[source] io::Error),
    /// The result cannot be written to standard output.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

impl Failure {
    /// Tells a person, in one sentence with its causes, and the caller by the
    /// exit code: 2 for wrong arguments, 1 for the rest.
    pub(crate) fn report(&self) -> ExitCode {
        if let Self::Arguments(error) = self {
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
        drop(writeln!(io::stderr(), "bylinectl: {sentence}"));
        ExitCode::FAILURE
    }
}

impl From<Violations> for Failure {
    fn from(violations: Violations) -> Self {
        Self::Unfit(violations.into())
    }
}

impl From<TimestampError> for Failure {
    fn from(error: TimestampError) -> Self {
        Self::Unfit(error.into())
    }
}
