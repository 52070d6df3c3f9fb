//! `bylinectl check`

use std::io::{self, Write};

use byline_persistence::DatabaseUrl;

use crate::failure::Failure;

/// Reads the whole database, and prints what is damaged.
///
/// # Errors
///
/// [`Failure::Damaged`] if something is; [`Failure::Database`],
/// [`Failure::Output`].
pub(crate) fn run(url: &DatabaseUrl) -> Result<(), Failure> {
    let problems = byline_persistence::check(url)?;
    let mut output = io::stdout().lock();
    for problem in &problems {
        writeln!(output, "{problem}").map_err(Failure::Output)?;
    }
    if problems.is_empty() {
        writeln!(output, "{url} is sound").map_err(Failure::Output)
    } else {
        Err(Failure::Damaged)
    }
}
