//! Which settings hold, and where they come from, out of the definitions that
//! also make `--help`.

use std::ffi::OsStr;

use byline_persistence::DatabaseUrl;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

const HEAD: [&str; 4] = ["SETTING", "VALUE", "SOURCE", "DEFAULT"];

/// A line for each setting: its environment variable, its value, where that
/// comes from, and what it would be otherwise. Secrets are not shown. `command`
/// is what `matches` are of: the definitions, and secrets from files.
pub(super) fn table(definitions: &Command, command: &Command, matches: &ArgMatches) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for definition in definitions.get_arguments() {
        let mut settings = command.get_arguments();
        let setting = settings.find(|setting| setting.get_id() == definition.get_id());
        if let (Some(setting), Some(variable)) = (setting, definition.get_env()) {
            rows.push(row(setting, &variable.to_string_lossy(), matches));
        }
    }
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let [name, value, source] = [0, 1, 2].map(|column| width(column).unwrap_or_default());
    rows.iter()
        .map(|[a, b, c, d]| {
            format!("{a:name$}  {b:value$}  {c:source$}  {d}")
                .trim_end()
                .to_owned()
                + "\n"
        })
        .collect()
}

fn row(setting: &Arg, variable: &str, matches: &ArgMatches) -> [String; 4] {
    let id = setting.get_id().as_str();
    let default = default_of(setting);
    let source = match matches.value_source(id) {
        Some(ValueSource::CommandLine) => format!("--{}", setting.get_long().unwrap_or(id)),
        Some(ValueSource::EnvVariable) => "environment".to_owned(),
        // A secret is never shown, not even as a default: it is of a file.
        _ if setting.is_hide_default_value_set() => format!("{variable}_FILE"),
        _ => "default".to_owned(),
    };
    // A list is there element by element.
    let raw = matches.get_raw(id).map(|elements| {
        let elements: Vec<_> = elements.map(OsStr::to_string_lossy).collect();
        elements.join(",")
    });
    let value = match raw {
        _ if id == "url" => matches
            .get_one::<DatabaseUrl>(id)
            .map(ToString::to_string)
            .unwrap_or_default(),
        Some(_) if source != "default" && setting.is_hide_env_values_set() => "(hidden)".to_owned(),
        Some(raw) => raw,
        None => default.clone(),
    };
    [variable.to_owned(), value, source, default]
}

/// Its value, or what its help says of it.
fn default_of(setting: &Arg) -> String {
    if setting.is_hide_default_value_set() {
        return "(hidden)".to_owned();
    }
    if let Some(value) = setting.get_default_values().first() {
        return value.to_string_lossy().into_owned();
    }
    let help = setting
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let told = help
        .split_once("[default: ")
        .and_then(|(_, rest)| rest.split_once(']'));
    told.map_or_else(|| "(none)".to_owned(), |(told, _)| told.to_owned())
}

/// A variable that looks like a setting and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownVariable {
    /// Its name.
    pub(crate) name: String,
    /// The setting that was perhaps meant.
    pub(crate) nearest: Option<String>,
}

/// Those among `names` that begin like settings and are none.
pub(super) fn unknown(
    command: &Command,
    names: impl IntoIterator<Item = String>,
) -> Vec<UnknownVariable> {
    /// Names that differ by more than a slip mean something else.
    const LIKE: f64 = 0.85;
    let known = command.get_arguments().filter_map(|setting| {
        let variable = setting.get_env()?.to_string_lossy();
        let of_file = setting
            .is_hide_env_values_set()
            .then(|| format!("{variable}_FILE").into());
        Some([Some(variable), of_file])
    });
    let known: Vec<_> = known.flatten().flatten().collect();
    let unknown = names
        .into_iter()
        .filter(|name| name.starts_with("BYLINE_") && !known.iter().any(|known| known == name));
    unknown
        .map(|name| {
            let likeness = |known: &str| strsim::normalized_damerau_levenshtein(&name, known);
            let nearest = known
                .iter()
                .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
                .filter(|known| likeness(known) >= LIKE)
                .map(|known| known.clone().into_owned());
            UnknownVariable { name, nearest }
        })
        .collect()
}
