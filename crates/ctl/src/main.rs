//! Operates the database of Byline: one module per command.

use std::process::ExitCode;

mod arguments;
mod backup;
mod check;
mod clock;
mod completions;
mod copy;
mod export;
mod failure;
mod files;
mod health;
mod identities;
mod import;
mod keys;
mod migrate;
mod openapi;
mod per_entity;
mod print;
mod seed;
mod token;
mod transfer;

use arguments::{Arguments, Command};
use failure::Failure;
use files::Files;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    let arguments = Arguments::read()?;
    let url = &arguments.database_url;
    // For every command: its standard streams must not be the database either.
    let files = Files::of(&[url])?;
    match arguments.command {
        Command::Migrate { status: None } => migrate::run(url),
        Command::Migrate { status: Some(_) } => migrate::status(url),
        Command::Health(probe) => health::run(&probe),
        Command::Openapi => openapi::run(),
        Command::Check => check::run(url),
        Command::Export(arguments) => export::run(url, files, &arguments),
        Command::Import(arguments) => import::run(url, files, &arguments),
        Command::Copy(arguments) => copy::run(&arguments),
        Command::Backup(arguments) => backup::run(url, files, &arguments),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { folder } => completions::man(files, &folder),
        Command::Keys { command } => keys::run(url, command),
        Command::Identities { command } => identities::run(url, &command),
        Command::Token(arguments) => token::run(arguments),
        Command::Seed(arguments) => seed::run(url, &arguments),
    }
}
