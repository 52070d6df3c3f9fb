//! Why a command failed, and how the process reports it.

use std::error::Error;
use std::io::{self, Write};
use std::iter;
use std::path::PathBuf;
use std::process::ExitCode;

use byline_application::AppError;
use byline_domain::{KeyId, TimestampError, Violations};
use byline_persistence::OpenError;
use byline_tokens::WeakSecret;

/// Why a command failed. `Display` never repeats the source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The arguments are wrong, or only `--help` or `--version` was wanted.
    #[error("the arguments are wrong")]
    Arguments(#[from] clap::Error),
    #[error(transparent)]
    Database(#[from] OpenError),
    #[error("the database refused a change")]
    Refused(#[from] AppError),
    #[error("the database is damaged as listed; stop the service and restore a backup")]
    Damaged,
    #[error(
        "the database has users of seed {0} already; choose another with `--seed`, or another \
         database"
    )]
    SeededBefore(u64),
    #[error("BYLINE_JWT_SECRET is of no use")]
    Secret(#[from] WeakSecret),
    #[error("the subject is linked to no user")]
    NotLinked,
    #[error("there is no key {0}; `bylinectl keys list` shows those that there are")]
    NoKey(KeyId),
    #[error("{rows} need {parents}: ask for at least one {parent} with `--{parents}`")]
    NoParents {
        rows: &'static str,
        parent: &'static str,
        parents: &'static str,
    },
    /// What was made up breaks a rule of the domain: a bug.
    #[error("made up something that breaks a rule")]
    Unfit(#[source] Box<dyn Error + Send + Sync>),
    #[error("no answer from {url}")]
    NoAnswer {
        url: String,
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    #[error("not ready: {url} answers {status}")]
    NotReady { url: String, status: u16 },
    #[error("the system refuses to let the command run")]
    System(#[source] io::Error),
    #[error("{0}: no telling its format from its name; name it .ndjson or .csv, or add `--format`")]
    UnknownFormat(PathBuf),
    #[error("{0} exists already; choose another name, or replace it with `--force`")]
    Exists(PathBuf),
    #[error("{0} {1}")]
    NoFile(PathBuf, &'static str),
    #[error("{0} is the database itself: it is the file {1}; name another")]
    OfDatabase(PathBuf, PathBuf),
    #[error("{0} cannot be written while there is {1}: SQLite takes one for a part of the other")]
    HoldsDatabase(PathBuf, PathBuf),
    #[error("{0} and {1} are the same file; each needs one of its own")]
    SameFile(PathBuf, String),
    #[error("{0} cannot be read")]
    Input(PathBuf, #[source] io::Error),
    #[error("{0}: line 1 {1}")]
    Header(PathBuf, String),
    #[error("{0} cannot be written")]
    Write(PathBuf, #[source] io::Error),
    #[error(
        "{0}: some of it is stored already, with other `--ids`; use the same, or store all of \
         it once more with `--again`"
    )]
    OtherIds(PathBuf),
    #[error("{0}: another process imports it at the same time")]
    Overtaken(PathBuf),
    #[error("{0}")]
    BadLines(String),
    #[error("`--from` and `--to` name the same database")]
    SameDatabase,
    #[error(
        "the database to copy to has users or posts that no copy brought there; copy to an empty \
         one, or merge with `bylinectl export` and `bylinectl import --ids new`"
    )]
    NotEmpty,
    #[error("{0} were written to the database that is copied to meanwhile: {1}")]
    NoPlace(&'static str, String),
    #[error("{0} cannot be copied: {1}")]
    UsedUp(&'static str, String),
    #[error("another process copies to the same database")]
    CopiedElsewhere,
    #[error(
        "the databases differ as listed: something changed one of them meanwhile; stop what writes \
         to them, and copy to an empty database"
    )]
    Differs,
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
}

impl Failure {
    /// Prints the failure with its causes, and returns the exit code: 2 for wrong arguments, 1
    /// for everything else.
    pub(crate) fn report(&self) -> ExitCode {
        if let Self::Arguments(error) = self {
            // Ignored: there is nowhere else to print to.
            drop(error.print());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
        drop(writeln!(io::stderr(), "bylinectl: {}", self.sentence()));
        ExitCode::FAILURE
    }

    /// Returns the failure and its causes in one sentence.
    pub(crate) fn sentence(&self) -> String {
        let first: &dyn Error = self;
        let causes = iter::successors(Some(first), |error| (*error).source());
        causes
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ")
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
