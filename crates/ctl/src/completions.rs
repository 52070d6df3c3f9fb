//! `bylinectl completions` and `bylinectl man`

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::files::{Files, Replaces};

/// Prints a script that completes the arguments of this program in a shell.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "bylinectl", &mut script);
    io::stdout().write_all(&script).map_err(Failure::Output)
}

/// Writes a manual page for this program and one for each command.
pub(crate) fn man(mut files: Files, folder: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::Write(folder.to_owned(), error);
    files.folder(folder)?;
    fs::create_dir_all(folder).map_err(failed)?;
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    render(&command, &mut pages).map_err(failed)?;
    // All are checked before the first is written.
    let outputs: Vec<_> = pages
        .iter()
        .map(|(name, _)| files.output(&folder.join(name), Replaces::Text))
        .collect::<Result<_, _>>()?;
    for (output, (_, page)) in outputs.iter().zip(&pages) {
        output.write(page)?;
    }
    Ok(())
}

/// Adds the pages of `command` and its subcommands.
fn render(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    for command in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        render(command, pages)?;
    }
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render(&mut page)?;
    pages.push((man.get_filename(), page));
    Ok(())
}
