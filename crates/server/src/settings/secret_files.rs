//! Secrets from files, as systemd and Kubernetes hand them out: whatever
//! setting may hold a secret can also be given by `<NAME>_FILE`.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use clap::error::ErrorKind;

/// The longest secret that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// The secrets of `command` that `environment` names files for, read, as its
/// defaults: a flag or a variable of the same name would win, so neither may be
/// there. Gives the ids of the settings that it found.
///
/// # Errors
///
/// A file that cannot be read, or a secret that is given twice; by name.
pub(crate) fn read(
    command: &mut clap::Command,
    environment: impl Fn(&OsStr) -> Option<OsString>,
) -> Result<Vec<clap::Id>, clap::Error> {
    // A secret is what no help may show.
    let secrets: Vec<_> = command
        .get_arguments()
        .filter(|setting| setting.is_hide_env_values_set())
        .filter_map(|setting| Some((setting.get_id().clone(), setting.get_env()?.to_owned())))
        .collect();
    let mut found = Vec::new();
    for (id, variable) in secrets {
        let mut of_file = variable.clone();
        of_file.push("_FILE");
        let Some(path) = environment(&of_file).filter(|path| !path.is_empty()) else {
            continue;
        };
        let (name, path) = (of_file.to_string_lossy(), Path::new(&path));
        let given = environment(&variable);
        let is_given = given.as_ref().is_some_and(|value| !value.is_empty());
        let secret = if is_given {
            Err(format!(
                "{} and {name} are both set: only one of them can be right",
                variable.to_string_lossy()
            ))
        } else {
            read_secret(path).map_err(|error| {
                let path = path.display();
                format!("{name} names {path}, which cannot be used: {error}")
            })
        };
        let secret =
            secret.map_err(|refusal| command.error(ErrorKind::ValueValidation, refusal))?;
        let read = std::mem::take(command).mut_arg(id.as_str(), |setting| {
            let setting = setting.default_value(secret).hide_default_value(true);
            // One that is empty is not there, but would win.
            if given.is_some() {
                setting.env(None::<&str>)
            } else {
                setting
            }
        });
        *command = read;
        found.push(id);
    }
    Ok(found)
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
