//! Starting: wrong settings and unfit databases are refused with a way out.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Ended, Sandbox, Server};

/// `byline` on a database that somebody named.
fn on(sandbox: &Sandbox, url: &str) -> Command {
    let mut byline = sandbox.byline();
    byline.env("DATABASE_URL", url);
    byline
}

/// What `byline` says when it refuses to start.
fn refusal(byline: Command, code: i32) -> String {
    let ended = Ended::of(byline);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.stdout, "", "{ended:?}");
    ended.stderr
}

fn migrated() -> Sandbox {
    let sandbox = Sandbox::new();
    Ended::well(sandbox.bylinectl(&["migrate"]));
    sandbox
}

#[test]
fn a_missing_file_is_refused_with_the_command_that_creates_it() {
    let sandbox = Sandbox::new();
    let message = refusal(on(&sandbox, "sqlite:other.db"), 1);
    assert!(message.contains("other.db"), "{message}");
    assert!(!sandbox.path("other.db").exists());

    let command = message.split('`').nth(1).unwrap();
    let words: Vec<_> = command.split(' ').collect();
    assert_eq!(words[0], "bylinectl", "{message}");
    Ended::well(sandbox.bylinectl(&words[1..]));
    Server::start(on(&sandbox, "sqlite:other.db"));
}

#[test]
fn a_file_that_is_not_sqlite_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path("notes.txt"), "Dear diary, ".repeat(1_000)).unwrap();
    for program in ["byline", "migrate", "check"] {
        let ended = match program {
            "byline" => Ended::of(on(&sandbox, "sqlite:notes.txt")),
            command => {
                Ended::of(sandbox.bylinectl(&[command, "--database-url", "sqlite:notes.txt"]))
            }
        };
        assert_eq!(ended.code, Some(1), "{program}: {ended:?}");
        assert!(
            ended.stderr.contains("notes.txt is not a Byline database"),
            "{program}: {ended:?}"
        );
    }
    assert!(
        fs::read_to_string(sandbox.path("notes.txt"))
            .unwrap()
            .starts_with("Dear diary")
    );
}

#[test]
fn a_folder_is_refused() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("folder")).unwrap();
    let message = refusal(on(&sandbox, "sqlite:folder"), 1);
    assert!(message.contains("cannot open folder"), "{message}");
}

#[test]
fn somebody_elses_sqlite_file_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    let theirs = rusqlite::Connection::open(sandbox.path("theirs.db")).unwrap();
    theirs
        .execute("CREATE TABLE recipes (name TEXT)", ())
        .unwrap();
    let message = refusal(on(&sandbox, "sqlite:theirs.db"), 1);
    assert!(
        message.contains("theirs.db is not a Byline database"),
        "{message}"
    );
    let migrate = Ended::of(sandbox.bylinectl(&["migrate", "--database-url", "sqlite:theirs.db"]));
    assert_eq!(migrate.code, Some(1), "{migrate:?}");
    let tables: i64 = theirs
        .query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))
        .unwrap();
    let journal: String = theirs
        .query_row("PRAGMA journal_mode", (), |row| row.get(0))
        .unwrap();
    assert_eq!((tables, journal.as_str()), (1, "delete"));
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let sandbox = migrated();
    for newer in [
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')",
        // Leaves behind whoever does not know it.
        "INSERT INTO schema_floors (schema_version) VALUES ('20990101000000')",
    ] {
        sandbox.sqlite().execute(newer, ()).unwrap();
    }
    for byline in [sandbox.byline(), on(&sandbox, "sqlite:byline.db")] {
        let message = refusal(byline, 1);
        assert!(message.contains("newer version"), "{message}");
        assert!(message.contains("20990101000000"), "{message}");
    }
}

#[test]
fn a_database_of_an_older_version_is_refused_with_the_command_that_helps() {
    let sandbox = migrated();
    let older = "DELETE FROM __diesel_schema_migrations WHERE version = '20261123000300'";
    sandbox.sqlite().execute(older, ()).unwrap();
    let message = refusal(on(&sandbox, "sqlite:byline.db"), 1);
    assert!(message.contains("`bylinectl migrate"), "{message}");
}

#[test]
fn an_address_in_use_is_named() {
    let sandbox = Sandbox::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut byline = sandbox.byline();
    byline.env("BYLINE_LISTEN", &address);
    let message = refusal(byline, 1);
    assert!(
        message.contains(&format!("cannot listen on {address}: ")),
        "{message}"
    );
}

#[test]
fn every_wrong_setting_is_named_with_what_would_be_right() {
    for (name, value, right) in [
        ("DATABASE_URL", "byline.db", "sqlite:byline.db"),
        ("BYLINE_LISTEN", "8080", "127.0.0.1:8080"),
        ("BYLINE_POOL_SIZE", "0", "from 1 to"),
        ("BYLINE_QUEUE_LENGTH", "-1", "from 1 to"),
        ("BYLINE_WORKERS", "two", "from 1 to"),
        ("BYLINE_REQUEST_DEADLINE", "5", "such as 5s"),
        ("BYLINE_SHUTDOWN_TIMEOUT", "", "such as 5s"),
        ("BYLINE_REQUIRE_IF_MATCH", "perhaps", "true"),
        ("BYLINE_ALLOW_ANONYMOUS", "1", "true"),
        ("BYLINE_LOG", "verbose", "debug"),
        ("BYLINE_LOG_FORMAT", "xml", "json"),
        ("BYLINE_LOG_REQUESTS", "yes", "true"),
    ] {
        let sandbox = Sandbox::new();
        let mut byline = sandbox.byline();
        byline.env(name, value);
        let message = refusal(byline, 2);
        assert!(message.contains(name), "{name}: {message}");
        assert!(message.contains(right), "{name}: {message}");
        assert!(is_empty(&sandbox.path("")), "{name}: something was written");
    }
}

#[test]
fn a_password_is_never_repeated() {
    let sandbox = Sandbox::new();
    let wrong = "postgres://byline:hunter2@db.example.org/byline";
    assert!(!refusal(on(&sandbox, wrong), 2).contains("hunter2"));
    let mut help = on(&sandbox, wrong);
    help.arg("--help");
    assert!(!Ended::well(help).contains("hunter2"));
    // The second is a URL as it should be, of a server that is not there.
    let away = "mysql://byline:hunter2@127.0.0.1:1/byline";
    for (url, code) in [(wrong, 2), (away, 1)] {
        let mut migrate = sandbox.bylinectl(&["migrate"]);
        migrate.env("DATABASE_URL", url);
        let ended = Ended::of(migrate);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
        assert!(!ended.stderr.contains("127.0.0.1"), "{ended:?}");
    }
}

#[test]
fn strangers_are_served_on_purpose_only() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline.env("BYLINE_LISTEN", "0.0.0.0:0");
    let message = refusal(byline, 2);
    assert!(message.contains("BYLINE_LISTEN"), "{message}");
    assert!(message.contains("BYLINE_ALLOW_ANONYMOUS=true"), "{message}");
    assert!(is_empty(&sandbox.path("")));

    let mut byline = sandbox.byline();
    byline
        .env("BYLINE_LISTEN", "0.0.0.0:0")
        .env("BYLINE_ALLOW_ANONYMOUS", "true");
    let server = Server::start(byline);
    assert!(server.address().starts_with("0.0.0.0:"));
    assert_eq!(server.client().get("/livez").status, 200);
}

#[test]
fn help_names_every_setting() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline.arg("--help");
    let help = Ended::well(byline);
    for name in [
        "DATABASE_URL",
        "BYLINE_ALLOW_ANONYMOUS",
        "BYLINE_LISTEN",
        "BYLINE_LOG",
        "BYLINE_LOG_FORMAT",
        "BYLINE_LOG_REQUESTS",
        "BYLINE_POOL_SIZE",
        "BYLINE_QUEUE_LENGTH",
        "BYLINE_REQUEST_DEADLINE",
        "BYLINE_REQUIRE_IF_MATCH",
        "BYLINE_SHUTDOWN_TIMEOUT",
        "BYLINE_WORKERS",
    ] {
        assert!(
            help.contains(&format!("[env: {name}")),
            "no {name} in {help}"
        );
    }
}

#[test]
fn logs_are_lines_of_json_that_name_each_request() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline.env("BYLINE_LOG_REQUESTS", "true");
    let mut server = Server::start(byline);
    let named = [("x-request-id", "logged-1")];
    let body = json!({"name": "Ada", "email": "ada@example.org"});
    assert_eq!(
        server
            .client()
            .send("POST", "/users", &named, Some(&body))
            .status,
        201
    );
    server.signal(rustix::process::Signal::TERM);
    server.wait();
    let log = server.killed();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let logged = lines
        .iter()
        .find(|line| line["request_id"] == "logged-1")
        .unwrap();
    assert_eq!(
        (&logged["method"], &logged["path"], &logged["status"]),
        (&json!("POST"), &json!("/users"), &json!(201))
    );
    assert!(!log.contains("ada@example.org"), "{log}");
}

#[test]
fn logs_can_be_text_and_silent() {
    let logged = |level| {
        let sandbox = Sandbox::new();
        let mut byline = sandbox.byline();
        byline
            .env("BYLINE_LOG_FORMAT", "text")
            .env("BYLINE_LOG", level);
        Server::start(byline).killed()
    };
    let text = logged("info");
    assert!(
        text.lines()
            .any(|line| line.contains("INFO") && line.contains("listening")),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "colours in a file: {text}");
    assert_eq!(logged("off"), "");
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}
