//! Why a command failed, and how the process reports it.

use std::error::Error;
use std::io::{self, Write};
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
    /// Tokens cannot be signed with this secret.
    #[error("BYLINE_JWT_SECRET is of no use")]
    Secret(#[from] WeakSecret),
    /// There is no such link.
    #[error("the subject is linked to no user")]
    NotLinked,
    /// There is no such key.
    #[error("there is no key {0}; `bylinectl keys list` shows those that there are")]
    NoKey(KeyId),
    /// Rows that need parents, of which there are none.
    #[error("{rows} need {parents}: ask for at least one {parent} with `--{parents}`")]
    NoParents {
        /// What the rows are called.
        rows: &'static str,
        /// What one parent is called.
        parent: &'static str,
        /// What the parents are called.
        parents: &'static str,
    },
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
    /// Neither the flags nor the name of a file tell its format.
    #[error(
        "{path}: no telling its format from its name; name it .ndjson or .csv, or add `--format`",
        path = .0.display()
    )]
    UnknownFormat(PathBuf),
    /// A file that would be overwritten.
    #[error("{path} exists already; choose another name, or replace it with `--force`", path = .0.display())]
    Exists(PathBuf),
    /// Something that is no regular file, and would be written.
    #[error("{path} {why}", path = .0.display(), why = .1)]
    NoFile(PathBuf, &'static str),
    /// A file of the database, named as another one.
    #[error(
        "{path} is the database itself: it is the file {database}; name another",
        path = .0.display(), database = .1.display()
    )]
    OfDatabase(PathBuf, PathBuf),
    /// A name beside a database.
    #[error(
        "{path} cannot be written while there is {other}: SQLite takes one for a part of the other",
        path = .0.display(), other = .1.display()
    )]
    HoldsDatabase(PathBuf, PathBuf),
    /// One file, named twice.
    #[error("{path} and {other} are the same file; each needs one of its own", path = .0.display(), other = .1)]
    SameFile(PathBuf, String),
    /// A file cannot be read.
    #[error("{path} cannot be read", path = .0.display())]
    Input(PathBuf, #[source] io::Error),
    /// The first line of a CSV file names the wrong columns.
    #[error("{path}: line 1 {says}", path = .0.display(), says = .1)]
    Header(PathBuf, String),
    /// A file cannot be written.
    #[error("{path} cannot be written", path = .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// An import was begun with other ids.
    #[error(
        "{path}: some of it is stored already, with other `--ids`; use the same, or store all of \
         it once more with `--again`",
        path = .0.display()
    )]
    OtherIds(PathBuf),
    /// Another process imports the same file.
    #[error("{path}: another process imports it at the same time", path = .0.display())]
    Overtaken(PathBuf),
    /// Lines that cannot be stored, as told before.
    #[error("{0}")]
    BadLines(String),
    /// A copy to itself.
    #[error("`--from` and `--to` name the same database")]
    SameDatabase,
    /// A copy into a database that is in use.
    #[error(
        "the database to copy to has users or posts that no copy brought there; copy to an empty \
         one, or merge with `bylinectl export` and `bylinectl import --ids new`"
    )]
    NotEmpty,
    /// Somebody else has changed the database that is copied to.
    #[error("{0} were written to the database that is copied to meanwhile: {1}")]
    NoPlace(&'static str, String),
    /// The database that is copied has used up what a copy must leave.
    #[error("{0} cannot be copied: {1}")]
    UsedUp(&'static str, String),
    /// Another process copies to the same database.
    #[error("another process copies to the same database")]
    CopiedElsewhere,
    /// The copy is not the same.
    #[error(
        "the databases differ as listed: something changed one of them meanwhile; stop what writes \
         to them, and copy to an empty database"
    )]
    Differs,
    /// The result cannot be written to standard output.
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
        let mut sentence = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            sentence.push_str(": ");
            sentence.push_str(&error.to_string());
            cause = error.source();
        }
        sentence
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
