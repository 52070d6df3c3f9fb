//! Every secret of `bylinectl` comes from a file as well, and is shown by no error.

use std::fs;

use super::{DEFAULT, exported, migrated};
use crate::support::{Ended, Sandbox};

#[test]
fn a_copy_takes_both_databases_from_files() {
    let sandbox = migrated();
    Ended::well(sandbox.bylinectl(&["seed", "--users", "3"]));
    let mut migrate = sandbox.bylinectl(&["migrate"]);
    fs::write(sandbox.path("to"), "sqlite:to.db\n").unwrap();
    fs::write(sandbox.path("from"), "sqlite:byline.db").unwrap();
    migrate.env("DATABASE_URL_FILE", "to");
    Ended::well(migrate);
    let mut copy = sandbox.bylinectl(&["copy", "--quiet"]);
    copy.env("BYLINE_COPY_FROM_FILE", "from");
    copy.env("BYLINE_COPY_TO_FILE", "to");
    Ended::well(copy);
    assert!(exported(&sandbox, "sqlite:to.db") == exported(&sandbox, DEFAULT));
}

#[test]
fn a_token_is_signed_with_the_secret_of_a_file() {
    let sandbox = Sandbox::new();
    let secret = "0123456789abcdef0123456789abcdef";
    fs::write(sandbox.path("secret"), format!("{secret}\n")).unwrap();
    let arguments = [
        "token",
        "--subject",
        "ada",
        "--scopes",
        "users:read",
        "--issuer",
        "https://issuer.example",
        "--audience",
        "byline",
    ];
    let mut token = sandbox.bylinectl(&arguments);
    token.env("BYLINE_JWT_SECRET_FILE", "secret");
    let token = Ended::well(token);
    assert_eq!(token.trim().split('.').count(), 3, "{token}");
    // What another command does not need, it does not read.
    let mut openapi = sandbox.bylinectl(&["openapi"]);
    openapi.env("BYLINE_JWT_SECRET_FILE", "absent");
    Ended::well(openapi);
}

#[test]
fn no_error_shows_a_secret() {
    let sandbox = migrated();
    let secret = "postgres://ada:hunter2@db/byline";
    fs::write(sandbox.path("secret"), secret).unwrap();
    for arguments in [
        &["check", "--database-url", secret][..],
        &["--database-url", secret, "export", "--users", "-"],
        &["copy", "--from", secret, "--to", "sqlite:to.db"],
        &["copy", "--from", "sqlite:byline.db", "--to", secret],
    ] {
        let ended = Ended::of(sandbox.bylinectl(arguments));
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert!(
            !ended.stderr.contains("hunter2"),
            "{arguments:?}: {ended:?}"
        );
        assert!(
            ended.stderr.contains("not shown"),
            "{arguments:?}: {ended:?}"
        );
    }
    for (variable, value) in [
        ("DATABASE_URL", secret),
        ("DATABASE_URL_FILE", "secret"),
        ("BYLINE_COPY_FROM", secret),
        ("BYLINE_COPY_FROM_FILE", "secret"),
        ("BYLINE_COPY_TO_FILE", "secret"),
    ] {
        let mut copy = sandbox.bylinectl(&["copy"]);
        copy.env("BYLINE_COPY_FROM", "sqlite:byline.db");
        copy.env("BYLINE_COPY_TO", "sqlite:to.db");
        copy.env_remove(variable.trim_end_matches("_FILE"));
        copy.env(variable, value);
        let ended = Ended::of(copy);
        assert_eq!(ended.code, Some(2), "{variable}: {ended:?}");
        assert!(!ended.stderr.contains("hunter2"), "{variable}: {ended:?}");
    }
}
