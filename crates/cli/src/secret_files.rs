use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};

/// The size limit of a secret in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads secrets from files, as systemd and Kubernetes provide them: the file that
/// `<NAME>_FILE` names in `environment` has the value of the argument with the variable
/// `<NAME>`. Looks at the arguments of `command` and of the subcommand in `arguments`
/// that hide their values.
///
/// The secrets become defaults: flags take precedence, and the variable itself must not
/// be set. Returns the ids of the arguments with a file.
///
/// # Errors
///
/// Names a file that cannot be read, or a secret that is given twice.
pub fn read_secret_files(
    command: &mut Command,
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    environment: impl Fn(&OsStr) -> Option<OsString>,
) -> Result<Vec<clap::Id>, clap::Error> {
    let mut found = Vec::new();
    // This pass only looks for the subcommand: a required secret may still be missing.
    let matches = command
        .clone()
        .ignore_errors(true)
        .try_get_matches_from(arguments)
        .ok();
    *command = fill(
        std::mem::take(command),
        matches.as_ref(),
        &environment,
        &mut found,
    )?;
    Ok(found)
}

fn fill(
    mut command: Command,
    matches: Option<&ArgMatches>,
    environment: &impl Fn(&OsStr) -> Option<OsString>,
    found: &mut Vec<clap::Id>,
) -> Result<Command, clap::Error> {
    let secrets: Vec<_> = command
        .get_arguments()
        .filter(|argument| argument.is_hide_env_values_set())
        .filter_map(|argument| Some((argument.get_id().clone(), argument.get_env()?.to_owned())))
        .collect();
    for (id, variable) in secrets {
        let secret = secret_of(&variable, environment)
            .map_err(|message| command.error(ErrorKind::ValueValidation, message))?;
        let Some(secret) = secret else {
            continue;
        };
        let is_empty = environment(&variable).is_some();
        command = command.mut_arg(id.as_str(), |argument| {
            let argument = argument
                .default_value(secret)
                .hide_default_value(true)
                .required(false);
            // An empty variable counts as not set, but clap would prefer it.
            if is_empty {
                argument.env(None::<&str>)
            } else {
                argument
            }
        });
        found.push(id);
    }
    let Some((name, matches)) = matches.and_then(ArgMatches::subcommand) else {
        return Ok(command);
    };
    let Some(subcommand) = command.find_subcommand(name).cloned() else {
        return Ok(command);
    };
    let filled = fill(subcommand, Some(matches), environment, found)?;
    Ok(command.mut_subcommand(name, |_| filled))
}

/// Returns the secret in the file that `<variable>_FILE` names, if it is set.
fn secret_of(
    variable: &OsStr,
    environment: &impl Fn(&OsStr) -> Option<OsString>,
) -> Result<Option<String>, String> {
    let variable_name = variable.to_string_lossy();
    let name = format!("{variable_name}_FILE");
    let set = |name: &OsStr| environment(name).filter(|value| !value.is_empty());
    let Some(path) = set(name.as_ref()) else {
        return Ok(None);
    };
    if set(variable).is_some() {
        return Err(format!(
            "{variable_name} and {name} are both set: only one of them can be right"
        ));
    }
    let path = Path::new(&path);
    let secret = read_secret(path).map_err(|error| {
        let path = path.display();
        format!("{name} names {path}, which cannot be used: {error}")
    })?;
    Ok(Some(secret))
}

/// Returns the content of the file without surrounding whitespace.
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
