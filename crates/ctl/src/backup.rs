//! `bylinectl backup`

use std::path::PathBuf;

use byline_persistence::DatabaseUrl;

use crate::failure::Failure;
use crate::files::{Files, Replaces};
use crate::print::print;
use crate::transfer::number;

/// The file to write.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BackupArgs {
    /// The file for the backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Replace a regular file that exists, unless a database is at work with it.
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
pub(crate) fn run(
    url: &DatabaseUrl,
    mut files: Files,
    arguments: &BackupArgs,
) -> Result<(), Failure> {
    let replaces = if arguments.force {
        Replaces::Anything
    } else {
        Replaces::Nothing
    };
    let output = files.output(&arguments.file, replaces)?;
    let Some(unfinished) = output.create()? else {
        return Err(Failure::NoFile(
            arguments.file.clone(),
            "is standard output; a backup is a file",
        ));
    };
    byline_persistence::backup(url, unfinished.path())?;
    let bytes = unfinished.finish()?;
    print(format_args!(
        "wrote {} ({} bytes), checked",
        arguments.file.display(),
        number(bytes)
    ))
}
