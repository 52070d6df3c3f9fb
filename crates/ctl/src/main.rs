//! Operates the database of Byline: one module per command.

use std::process::ExitCode;

mod arguments;
mod check;
mod failure;
mod health;
mod migrate;
mod openapi;
mod seed;
mod status;

use arguments::{Arguments, Command};
use failure::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    let arguments = Arguments::read()?;
    let url = &arguments.database_url;
    match arguments.command {
        Command::Migrate { status: None } => migrate::run(url),
        Command::Migrate { status: Some(_) } => status::run(url),
        Command::Health(probe) => health::run(&probe),
        Command::Openapi => openapi::run(),
        Command::Check => check::run(url),
        Command::Seed(plan) => seed::run(url, &plan),
    }
}
