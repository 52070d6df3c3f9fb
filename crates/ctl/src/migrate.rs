//! `bylinectl migrate` and `bylinectl migrate status`

use byline_persistence::{DatabaseUrl, migrations};

use crate::failure::Failure;
use crate::print::{print, print_table};

/// Applies the pending migrations, and prints their names.
pub(crate) fn run(url: &DatabaseUrl) -> Result<(), Failure> {
    let applied = migrations::migrate(url)?;
    for migration in &applied {
        print(format_args!("applied {migration}"))?;
    }
    let now = if applied.is_empty() { "" } else { " now" };
    print(format_args!("{url} is up to date{now}"))
}

/// Prints which migrations are applied and pending, and which releases have used the
/// database.
pub(crate) fn status(url: &DatabaseUrl) -> Result<(), Failure> {
    let status = migrations::status(url)?;
    let applied = status.applied.into_iter().map(|name| (name, "applied"));
    let pending = status.pending.into_iter().map(|name| (name, "pending"));
    let migrations = applied.chain(pending);
    let migrations = migrations.map(|(name, state)| [name, state.to_owned()]);
    print_table(["MIGRATION", "STATE"], migrations)?;
    print("")?;
    let releases = status.releases.into_iter();
    let releases = releases.map(|release| [release.version, release.schema]);
    print_table(["RELEASE", "SCHEMA"], releases)
}
