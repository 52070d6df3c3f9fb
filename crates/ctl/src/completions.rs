//! `bylinectl completions` and `bylinectl man`

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::Failure;

/// Prints what makes a shell complete the arguments of this program.
///
/// # Errors
///
/// [`Failure::Output`]
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "bylinectl", &mut script);
    io::stdout().write_all(&script).map_err(Failure::Output)
}

/// Writes a manual page for this program and one for each command.
///
/// # Errors
///
/// [`Failure::Write`]
pub(crate) fn man(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), folder))
        .map_err(|error| Failure::Write(folder.to_owned(), error))
}
