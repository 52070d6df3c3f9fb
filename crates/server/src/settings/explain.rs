//! Makes clap's errors fit for settings that mostly come from the environment.

use clap::error::{ContextKind, ContextValue};

/// Names the environment variable of the setting that `error` is about, and
/// takes out what nobody may see.
pub(super) fn explain(mut error: clap::Error, command: &clap::Command) -> clap::Error {
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidArg).cloned() else {
        return error;
    };
    let Some(setting) = command.get_arguments().find(|arg| arg.to_string() == name) else {
        return error;
    };
    // It may hold a password.
    if setting.is_hide_env_values_set() {
        let hidden = ContextValue::String("(not shown)".to_owned());
        error.insert(ContextKind::InvalidValue, hidden);
    }
    if let Some(variable) = setting.get_env() {
        let tip = format!(
            "the environment variable {} sets it too",
            variable.display()
        );
        let tips = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}
