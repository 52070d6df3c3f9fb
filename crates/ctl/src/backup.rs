//! `bylinectl backup`

use std::io::{self, Write};
use std::path::PathBuf;

use byline_persistence::DatabaseUrl;

use crate::failure::Failure;
use crate::transfer::number;

/// Where to.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file for the backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace a file that exists.
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "\
The backup is a whole database of one moment: every write that was answered before the command
began is in it. The service keeps running. It is checked before the file gets its name. To restore
it, stop the service and put it in the place of the database; remove what has the database's name
and ends with -wal or -shm. Of a server's database, mariadb-dump or mariadb-backup make backups.

Example:
  bylinectl backup /var/backups/byline-2026-11-25.db";

/// Makes the backup.
///
/// # Errors
///
/// [`Failure::Exists`], [`Failure::Output`], and what a backup fails with.
pub(crate) fn run(url: &DatabaseUrl, arguments: &Arguments) -> Result<(), Failure> {
    if !arguments.force && arguments.file.exists() {
        return Err(Failure::Exists(arguments.file.clone()));
    }
    let bytes = byline_persistence::backup(url, &arguments.file)?;
    writeln!(
        io::stdout(),
        "wrote {} ({} bytes), checked",
        arguments.file.display(),
        number(bytes)
    )
    .map_err(Failure::Output)
}
