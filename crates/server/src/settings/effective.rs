//! The settings in effect and their sources, from the definitions that also make
//! `--help`.

use std::ffi::OsStr;

use byline_persistence::DatabaseUrl;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

/// Returns a line for each setting: its environment variable, its value, the source
/// of the value, and its default. Secrets are hidden. `command` is the one that
/// `matches` come from: `definitions` with the secrets from files as defaults.
pub(super) fn table(definitions: &Command, command: &Command, matches: &ArgMatches) -> String {
    let mut rows = vec![["SETTING", "VALUE", "SOURCE", "DEFAULT"].map(str::to_owned)];
    // A setting from a file may have lost its variable in `command`.
    rows.extend(definitions.get_arguments().filter_map(|definition| {
        let mut settings = command.get_arguments();
        let setting = settings.find(|setting| setting.get_id() == definition.get_id())?;
        Some(row(
            setting,
            &definition.get_env()?.to_string_lossy(),
            matches,
        ))
    }));
    let [name, value, source] = [0, 1, 2].map(|column| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    });
    let lines = rows.iter().map(|[a, b, c, d]| {
        let line = format!("{a:name$}  {b:value$}  {c:source$}  {d}");
        line.trim_end().to_owned() + "\n"
    });
    lines.collect()
}

fn row(setting: &Arg, variable: &str, matches: &ArgMatches) -> [String; 4] {
    let id = setting.get_id().as_str();
    let default = default_of(setting);
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => format!("--{}", setting.get_long().unwrap_or(id)),
        Some(ValueSource::EnvVariable) => "environment".to_owned(),
        // Only secrets from files have a hidden default.
        _ if setting.is_hide_default_value_set() => format!("{variable}_FILE"),
        _ => "default".to_owned(),
    };
    let value = match matches.get_raw(id) {
        // Without its password.
        _ if id == "url" => matches
            .get_one::<DatabaseUrl>(id)
            .map(ToString::to_string)
            .unwrap_or_default(),
        Some(_) if source != "default" && setting.is_hide_env_values_set() => "(hidden)".to_owned(),
        Some(elements) => {
            let elements: Vec<_> = elements.map(OsStr::to_string_lossy).collect();
            elements.join(",")
        }
        None => default.clone(),
    };
    [variable.to_owned(), value, source, default]
}

/// Returns the default value, or the one that the help text names.
fn default_of(setting: &Arg) -> String {
    if setting.is_hide_default_value_set() {
        return "(hidden)".to_owned();
    }
    if let Some(value) = setting.get_default_values().first() {
        return value.to_string_lossy().into_owned();
    }
    let help = setting.get_help().map(ToString::to_string);
    let help = help.unwrap_or_default();
    let default = help
        .split_once("[default: ")
        .and_then(|(_, rest)| rest.split_once(']'));
    default.map_or("(none)", |(default, _)| default).to_owned()
}

/// A variable that begins like a setting and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownVariable {
    pub(crate) name: String,
    /// The setting with the most similar name, if any is similar.
    pub(crate) nearest: Option<String>,
}

/// Returns those of `names` that begin like settings and are none.
pub(super) fn unknown(
    command: &Command,
    names: impl IntoIterator<Item = String>,
) -> Vec<UnknownVariable> {
    /// Less similar names are not typing errors.
    const MIN_SIMILARITY: f64 = 0.85;
    let mut known = Vec::new();
    for setting in command.get_arguments() {
        let Some(variable) = setting.get_env().map(OsStr::to_string_lossy) else {
            continue;
        };
        if setting.is_hide_env_values_set() {
            known.push(format!("{variable}_FILE"));
        }
        known.push(variable.into_owned());
    }
    let unknown = names
        .into_iter()
        .filter(|name| name.starts_with("BYLINE_") && !known.contains(name));
    unknown
        .map(|name| {
            let similarity = |known: &str| strsim::normalized_damerau_levenshtein(&name, known);
            let nearest = known
                .iter()
                .max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
                .filter(|known| similarity(known) >= MIN_SIMILARITY)
                .cloned();
            UnknownVariable { name, nearest }
        })
        .collect()
}
