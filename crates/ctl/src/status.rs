//! `bylinectl migrate status`

use std::io::{self, Write};

use byline_persistence::DatabaseUrl;
use byline_persistence::migrations::{self, Status};

use crate::failure::Failure;
use crate::table::write_table;

/// Prints which migrations are applied and pending, and which releases have used the
/// database.
///
/// # Errors
///
/// [`Failure::Database`], [`Failure::Output`].
pub(crate) fn run(url: &DatabaseUrl) -> Result<(), Failure> {
    let status = migrations::status(url)?;
    tell(&mut io::stdout().lock(), &status).map_err(Failure::Output)
}

fn tell(output: &mut impl Write, status: &Status) -> io::Result<()> {
    let applied = status.applied.iter().map(|name| (name, "applied"));
    let pending = status.pending.iter().map(|name| (name, "pending"));
    let migrations = applied.chain(pending);
    let migrations = migrations.map(|(name, state)| [name.clone(), state.to_owned()]);
    write_table(output, ["MIGRATION", "STATE"], migrations)?;
    writeln!(output)?;
    let releases = status.releases.iter();
    let releases = releases.map(|release| [release.version.clone(), release.schema.clone()]);
    write_table(output, ["RELEASE", "SCHEMA"], releases)
}
