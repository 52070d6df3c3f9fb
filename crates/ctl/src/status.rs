//! `bylinectl migrate status`

use std::io::{self, Write};

use byline_persistence::DatabaseUrl;
use byline_persistence::migrations::{self, Status};

use crate::failure::Failure;

/// Shows which migrations the database has and lacks, and which releases it
/// has seen.
///
/// # Errors
///
/// [`Failure::Database`], [`Failure::Output`].
pub(crate) fn run(url: &DatabaseUrl) -> Result<(), Failure> {
    let status = migrations::status(url)?;
    tell(&mut io::stdout().lock(), &status).map_err(Failure::Output)
}

fn tell(output: &mut impl Write, status: &Status) -> io::Result<()> {
    let applied = status.applied.iter().map(|name| (name.as_str(), "applied"));
    let pending = status.pending.iter().map(|name| (name.as_str(), "pending"));
    table(output, ("MIGRATION", "STATE"), applied.chain(pending))?;
    writeln!(output)?;
    let releases = status.releases.iter();
    let releases = releases.map(|release| (release.version.as_str(), release.schema.as_str()));
    table(output, ("RELEASE", "SCHEMA"), releases)
}

fn table<'a>(
    output: &mut impl Write,
    heads: (&'a str, &'a str),
    rows: impl Iterator<Item = (&'a str, &'a str)>,
) -> io::Result<()> {
    let rows: Vec<_> = [heads].into_iter().chain(rows).collect();
    let width = rows.iter().map(|(left, _)| left.len()).max().unwrap_or(0);
    for (left, right) in rows {
        writeln!(output, "{left:width$}  {right}")?;
    }
    Ok(())
}
