//! `bylinectl migrate`

use std::io::{self, Write};

use byline_persistence::{DatabaseUrl, migrations};

use crate::failure::Failure;

/// Applies the pending migrations, and prints their names.
///
/// # Errors
///
/// [`Failure::Database`], [`Failure::Output`].
pub(crate) fn run(url: &DatabaseUrl) -> Result<(), Failure> {
    let applied = migrations::migrate(url)?;
    tell(&mut io::stdout().lock(), url, &applied).map_err(Failure::Output)
}

fn tell(output: &mut impl Write, url: &DatabaseUrl, applied: &[String]) -> io::Result<()> {
    if applied.is_empty() {
        return writeln!(output, "{url} is up to date");
    }
    for migration in applied {
        writeln!(output, "applied {migration}")?;
    }
    writeln!(output, "{url} is up to date now")
}
