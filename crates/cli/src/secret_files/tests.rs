use clap::Arg;

use super::*;
use crate::explain;

/// Returns a program with a secret, and with a subcommand that requires two more.
fn program() -> Command {
    let secret = |name: &'static str, variable: &'static str| {
        Arg::new(name)
            .long(name)
            .env(variable)
            .hide_env_values(true)
            .value_parser(|text: &str| text.parse::<u32>())
    };
    Command::new("program")
        .arg(secret("own", "SECRET_OWN").global(true))
        .arg(Arg::new("plain").long("plain").env("SECRET_PLAIN"))
        .subcommand(
            Command::new("move")
                .arg(secret("from", "SECRET_FROM").required(true))
                .arg(secret("to", "SECRET_TO").required(true)),
        )
        .subcommand(Command::new("rest"))
}

fn parse(
    arguments: &[&str],
    files: &[(&str, &str)],
    environment: &[(&str, &str)],
) -> Result<ArgMatches, clap::Error> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let mut command = program();
    let arguments = ["program"].iter().chain(arguments);
    read_secret_files(&mut command, arguments.clone(), |variable| {
        let variable = variable.to_str().unwrap();
        let own = environment.iter().find(|(name, _)| *name == variable);
        let file = files.iter().find(|(name, _)| *name == variable);
        own.map(|(_, value)| (*value).into())
            .or_else(|| file.map(|(name, _)| folder.path().join(name).into()))
    })?;
    command
        .try_get_matches_from_mut(arguments)
        .map_err(|error| explain(error, &command))
}

#[test]
fn secrets_of_subcommands_come_from_files() {
    let files = [
        ("SECRET_FROM_FILE", "1\n"),
        ("SECRET_TO_FILE", "2"),
        ("SECRET_OWN_FILE", "3\r\n"),
        ("SECRET_PLAIN_FILE", "not a secret"),
    ];
    let matches = parse(&["move"], &files, &[]).unwrap();
    let (_, of_move) = matches.subcommand().unwrap();
    let got = |name| of_move.get_one::<u32>(name).copied();
    assert_eq!([got("from"), got("to"), got("own")], [1, 2, 3].map(Some));
    assert_eq!(matches.get_one::<String>("plain"), None);
    let matches = parse(&["move", "--to", "7"], &files, &[]).unwrap();
    let (_, of_move) = matches.subcommand().unwrap();
    assert_eq!(of_move.get_one::<u32>("to"), Some(&7));
}

#[test]
fn files_of_other_subcommands_are_ignored() {
    let files = [("SECRET_FROM_FILE", "")];
    parse(&["rest"], &files, &[]).unwrap();
    let message = parse(&["move"], &files, &[]).unwrap_err().to_string();
    assert!(message.contains("SECRET_FROM_FILE names"), "{message}");
}

#[test]
fn secrets_are_set_once_and_hidden_in_errors() {
    let files = [("SECRET_FROM_FILE", "1"), ("SECRET_TO_FILE", "hunter2")];
    let twice = parse(&["move"], &files, &[("SECRET_FROM", "1")]);
    let message = twice.unwrap_err().to_string();
    assert!(message.contains("both set"), "{message}");
    for arguments in [
        &["move"][..],
        &["move", "--to", "hunter2"],
        &["rest", "--own", "hunter2"],
        &["--own", "hunter2"],
    ] {
        let message = parse(arguments, &files, &[]).unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
        assert!(message.contains("the environment variable"), "{message}");
    }
}
