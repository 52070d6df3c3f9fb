//! The command line.

use std::ffi::OsStr;
use std::path::PathBuf;

use byline_persistence::DatabaseUrl;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::health::Probe;
use crate::identities::IdentitiesCommand;
use crate::keys::KeysCommand;
use crate::seed::SeedArgs;
use crate::token;
use crate::{backup, copy, export, import};

/// Operates the database of Byline.
#[derive(Debug, Parser)]
#[command(name = "bylinectl", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Where the data is: `sqlite:` and the path of a file.
    ///
    /// A password belongs into the environment, or into a file that
    /// `DATABASE_URL_FILE` names: flags are seen by every user of the machine.
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    #[arg(value_name = "URL", default_value = "sqlite:byline.db")]
    pub(crate) database_url: DatabaseUrl,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Bring the database up to this version, creating it if need be.
    ///
    /// A server that is running meanwhile keeps serving.
    #[command(args_conflicts_with_subcommands = true)]
    Migrate {
        #[command(subcommand)]
        status: Option<MigrateCommand>,
    },
    /// Read the whole database and name what is damaged (exit code 1).
    ///
    /// Damaged pages, references to nothing, missing migrations, and tables and
    /// indexes that are not as the migrations made them.
    Check,
    /// Ask a running service whether it can serve (exit code 1 if not).
    ///
    /// For the health checks of containers, in which there is no other HTTP
    /// client.
    Health(Probe),
    /// Write a checked copy of a SQLite database that may be in use.
    Backup(backup::BackupArgs),
    /// Write users and posts to files, as NDJSON or CSV.
    Export(export::ExportArgs),
    /// Store the users and posts of files, NDJSON or CSV.
    Import(import::ImportArgs),
    /// Copy everything to another database, of whatever engine, and prove it.
    Copy(copy::CopyArgs),
    /// Make, show and end the keys that callers show to the service.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Say which user an issuer of tokens means.
    Identities {
        #[command(subcommand)]
        command: IdentitiesCommand,
    },
    /// Make a token for development, signed with the secret of the service.
    Token(token::TokenArgs),
    /// Print the OpenAPI document of this version.
    Openapi,
    /// Fill the database with made-up users and posts.
    Seed(SeedArgs),
    /// Print a script that completes these commands in a shell.
    Completions {
        /// Whose script.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write manual pages, one for each command.
    Man {
        /// The folder for them; made if it is not there.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

/// What to do about migrations besides applying them.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Show which migrations and releases the database has, changing nothing.
    Status,
}

const EXAMPLES: &str = "\
Examples:
  bylinectl migrate
  DATABASE_URL=sqlite:/var/lib/byline/byline.db bylinectl migrate status
  bylinectl seed --users 1000 --posts 10000
  bylinectl export --users users.ndjson --posts posts.ndjson
  bylinectl copy --from sqlite:byline.db --to mysql://owner@db/byline";

impl Arguments {
    /// Parses the arguments of this process.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        let mut command = Self::command();
        let environment = |name: &OsStr| std::env::var_os(name);
        byline_cli::read_secret_files(&mut command, std::env::args_os(), environment)?;
        let mut matches = command
            .try_get_matches_from_mut(std::env::args_os())
            .map_err(|error| byline_cli::explain(error, &command))?;
        Self::from_arg_matches_mut(&mut matches)
    }
}
