use clap::error::{ContextKind, ContextValue};

/// Adds the environment variable of the argument to an error of clap, and hides the
/// value of a secret. The argument may belong to a subcommand.
#[must_use]
pub fn explain(mut error: clap::Error, command: &clap::Command) -> clap::Error {
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidArg).cloned() else {
        return error;
    };
    // Arguments of subcommands get their names only now.
    let mut command = command.clone();
    command.build();
    let Some(argument) = find(&command, &name) else {
        return error;
    };
    // It may hold a password.
    if argument.is_hide_env_values_set() {
        let hidden = ContextValue::String("(not shown)".to_owned());
        error.insert(ContextKind::InvalidValue, hidden);
    }
    if let Some(variable) = argument.get_env() {
        let tip = format!(
            "the environment variable {} sets it too",
            variable.display()
        );
        let tips = ContextValue::StyledStrs(vec![tip.into()]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

fn find<'a>(command: &'a clap::Command, name: &str) -> Option<&'a clap::Arg> {
    let own = command.get_arguments().find(|arg| arg.to_string() == name);
    own.or_else(|| {
        command
            .get_subcommands()
            .find_map(|command| find(command, name))
    })
}
