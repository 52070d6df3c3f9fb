//! Secrets from files, as systemd and Kubernetes hand them out: whatever
//! argument may hold a secret can also be given by `<NAME>_FILE`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};

/// The longest secret that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads the secrets of `command`, and of the subcommand that `arguments` ask for,
/// that `environment` names files for. They become defaults: a flag wins over them,
/// and a variable of the same name must not be there. Returns the ids of the
/// arguments that have a file.
///
/// # Errors
///
/// A file that cannot be read, or a secret that is given twice; by name.
pub fn read_secret_files(
    command: &mut Command,
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    environment: impl Fn(&OsStr) -> Option<OsString>,
) -> Result<Vec<clap::Id>, clap::Error> {
    let mut found = Vec::new();
    // A secret may be required, so this pass only looks for the subcommand.
    let asked = command
        .clone()
        .ignore_errors(true)
        .try_get_matches_from(arguments)
        .ok();
    *command = fill(
        std::mem::take(command),
        asked.as_ref(),
        &environment,
        &mut found,
    )?;
    Ok(found)
}

fn fill(
    mut command: Command,
    asked: Option<&ArgMatches>,
    environment: &impl Fn(&OsStr) -> Option<OsString>,
    found: &mut Vec<clap::Id>,
) -> Result<Command, clap::Error> {
    // A secret is what no help may show.
    let secrets: Vec<_> = command
        .get_arguments()
        .filter(|argument| argument.is_hide_env_values_set())
        .filter_map(|argument| Some((argument.get_id().clone(), argument.get_env()?.to_owned())))
        .collect();
    for (id, variable) in secrets {
        let secret = of_file(&variable, environment)
            .map_err(|refusal| command.error(ErrorKind::ValueValidation, refusal))?;
        let Some(secret) = secret else {
            continue;
        };
        let is_empty = environment(&variable).is_some();
        command = command.mut_arg(id.as_str(), |argument| {
            let argument = argument
                .default_value(secret)
                .hide_default_value(true)
                .required(false);
            // A variable that is empty is not there, but would win.
            if is_empty {
                argument.env(None::<&str>)
            } else {
                argument
            }
        });
        found.push(id);
    }
    let Some((name, asked)) = asked.and_then(ArgMatches::subcommand) else {
        return Ok(command);
    };
    let Some(subcommand) = command.find_subcommand(name).cloned() else {
        return Ok(command);
    };
    let filled = fill(subcommand, Some(asked), environment, found)?;
    Ok(command.mut_subcommand(name, |_| filled))
}

/// The secret in the file that `<variable>_FILE` names, if it names one.
fn of_file(
    variable: &OsStr,
    environment: &impl Fn(&OsStr) -> Option<OsString>,
) -> Result<Option<String>, String> {
    let mut of_file = variable.to_owned();
    of_file.push("_FILE");
    let Some(path) = environment(&of_file).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let (name, path) = (of_file.to_string_lossy(), Path::new(&path));
    if environment(variable).is_some_and(|value| !value.is_empty()) {
        return Err(format!(
            "{} and {name} are both set: only one of them can be right",
            variable.to_string_lossy()
        ));
    }
    let secret = read_secret(path).map_err(|error| {
        let path = path.display();
        format!("{name} names {path}, which cannot be used: {error}")
    })?;
    Ok(Some(secret))
}

/// What is in the file, without the line end that editors leave behind it.
fn read_secret(path: &Path) -> io::Result<String> {
    let mut secret = String::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_string(&mut secret)?;
    let secret = secret.trim();
    if secret.is_empty() {
        return Err(io::Error::other("it is empty"));
    }
    if u64::try_from(secret.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(io::Error::other("it has more than 64 KiB"));
    }
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests;
