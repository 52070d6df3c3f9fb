//! `bylinectl`

use serde_json::{Value, json};

use crate::support::{Ended, Sandbox, Server};

/// What the project has for SQLite, oldest first.
fn migrations() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/sqlite");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn migrate_creates_the_file_and_is_done_once() {
    let sandbox = Sandbox::new();
    let first = Ended::well(sandbox.bylinectl(&["migrate"]));
    for migration in migrations() {
        assert!(first.contains(&format!("applied {migration}\n")), "{first}");
    }
    assert_eq!(
        Ended::well(sandbox.bylinectl(&["migrate"])),
        "sqlite:byline.db is up to date\n"
    );
}

#[test]
fn migrate_takes_its_database_from_flag_or_environment() {
    let sandbox = Sandbox::new();
    Ended::well(sandbox.bylinectl(&["migrate", "--database-url", "sqlite:flag.db"]));
    let mut command = sandbox.bylinectl(&["migrate"]);
    command.env("DATABASE_URL", "sqlite:environment.db");
    Ended::well(command);
    assert!(sandbox.path("flag.db").exists() && sandbox.path("environment.db").exists());
    assert!(!sandbox.path("byline.db").exists());
}

#[test]
fn status_tells_what_is_applied_and_pending_and_changes_nothing() {
    let sandbox = Sandbox::new();
    Ended::well(sandbox.bylinectl(&["migrate"]));
    let status = Ended::well(sandbox.bylinectl(&["migrate", "status"]));
    for migration in migrations() {
        assert!(status.contains(&migration), "{status}");
    }
    assert!(!status.contains("pending"), "{status}");
    assert!(
        status.contains("\nRELEASE  SCHEMA\n0.1.0    20261123000300\n"),
        "{status}"
    );

    let sqlite = sandbox.sqlite();
    let newest = "DELETE FROM __diesel_schema_migrations WHERE version = '20261123000300'";
    assert_eq!(sqlite.execute(newest, ()).unwrap(), 1);
    for _ in 0..2 {
        let status = Ended::well(sandbox.bylinectl(&["migrate", "status"]));
        let pending: Vec<&str> = status
            .lines()
            .filter(|line| line.ends_with(" pending"))
            .collect();
        assert_eq!(pending.len(), 1, "{status}");
        assert!(
            pending[0].starts_with("20261123000300_v0.1.0_insert_release "),
            "{status}"
        );
        let applied = migrations().len() - 1;
        assert_eq!(status.matches(" applied\n").count(), applied, "{status}");
    }
}

#[test]
fn status_of_nothing_creates_nothing() {
    let sandbox = Sandbox::new();
    let ended = Ended::of(sandbox.bylinectl(&["migrate", "status"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("bylinectl migrate"), "{ended:?}");
    assert!(!sandbox.path("byline.db").exists());
}

#[test]
fn equal_seeds_give_equal_databases() {
    let seeded = |seed: &str| {
        let sandbox = Sandbox::new();
        Ended::well(sandbox.bylinectl(&["migrate"]));
        let told = Ended::well(
            sandbox.bylinectl(&["seed", "--users", "700", "--posts", "1100", "--seed", seed]),
        );
        assert_eq!(
            told,
            format!("wrote 700 users and 1100 posts of seed {seed} to sqlite:byline.db\n")
        );
        let server = sandbox.serve();
        let client = server.client();
        (
            client.walk("/users?limit=100"),
            client.walk("/posts?limit=100"),
        )
    };
    let (users, posts) = seeded("7");
    assert_eq!((users.len(), posts.len()), (700, 1_100));
    assert!(
        posts
            .iter()
            .any(|post| !post["content"].as_str().unwrap().is_ascii())
    );
    let again = seeded("7");
    assert!(
        again == (users.clone(), posts),
        "the same seed made other rows"
    );
    assert!(seeded("8").0 != users, "another seed made the same users");
}

#[test]
fn seeding_twice_is_refused_with_a_way_out() {
    let sandbox = Sandbox::new();
    Ended::well(sandbox.bylinectl(&["migrate"]));
    Ended::well(sandbox.bylinectl(&["seed", "--users", "3"]));
    let twice = Ended::of(sandbox.bylinectl(&["seed", "--users", "3"]));
    assert_eq!(twice.code, Some(1), "{twice:?}");
    assert!(twice.stderr.contains("--seed"), "{twice:?}");
    Ended::well(sandbox.bylinectl(&["seed", "--users", "3", "--seed", "2"]));
    let authorless = Ended::of(sandbox.bylinectl(&["seed", "--users", "0", "--posts", "1"]));
    assert_eq!(authorless.code, Some(1), "{authorless:?}");
    assert!(authorless.stderr.contains("--users"), "{authorless:?}");
}

#[test]
fn check_finds_a_sound_database_sound_and_names_damage() {
    let sandbox = Sandbox::new();
    Ended::well(sandbox.bylinectl(&["migrate"]));
    Ended::well(sandbox.bylinectl(&["seed", "--users", "3", "--posts", "3"]));
    assert_eq!(
        Ended::well(sandbox.bylinectl(&["check"])),
        "sqlite:byline.db is sound\n"
    );

    let sqlite = sandbox.sqlite();
    sqlite.pragma_update(None, "foreign_keys", false).unwrap();
    sqlite.execute("DELETE FROM users", ()).unwrap();
    let ended = Ended::of(sandbox.bylinectl(&["check"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "3 rows refer to rows that do not exist\n");
}

#[test]
fn a_running_server_does_not_mind() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    Ended::well(sandbox.bylinectl(&["migrate"]));
    Ended::well(sandbox.bylinectl(&["seed", "--users", "3"]));
    Ended::well(sandbox.bylinectl(&["check"]));
    let client = server.client();
    assert_eq!(client.walk("/users").len(), 3);
    let body = json!({"name": "Ada", "email": "ada@example.org"});
    assert_eq!(client.post("/users", &body).status, 201);
}

#[test]
fn help_tells_what_there_is() {
    let sandbox = Sandbox::new();
    let help = Ended::well(sandbox.bylinectl(&["--help"]));
    for word in [
        "migrate",
        "check",
        "seed",
        "DATABASE_URL",
        "sqlite:byline.db",
    ] {
        assert!(help.contains(word), "no {word} in {help}");
    }
    let seed = Ended::well(sandbox.bylinectl(&["seed", "--help"]));
    for word in ["--users", "--posts", "--seed"] {
        assert!(seed.contains(word), "no {word} in {seed}");
    }
    let version = Ended::well(sandbox.bylinectl(&["--version"]));
    assert_eq!(
        version,
        format!("bylinectl {}\n", env!("CARGO_PKG_VERSION"))
    );
    let nonsense = Ended::of(sandbox.bylinectl(&["frobnicate"]));
    assert_eq!(nonsense.code, Some(2), "{nonsense:?}");
}

#[test]
fn openapi_prints_the_document_of_a_protected_service() {
    let sandbox = Sandbox::new();
    let printed = Ended::well(sandbox.bylinectl(&["openapi"]));
    assert!(!sandbox.path("byline.db").exists());
    let mut byline = sandbox.byline();
    byline
        .env("BYLINE_AUTH", "keys")
        .env("BYLINE_RATE_LIMIT", "1000/1m")
        .env("BYLINE_REQUIRE_IF_MATCH", "true");
    let server = Server::start(byline);
    let served = server.client().get("/openapi.json").text;
    let mut printed: Value = serde_json::from_str(&printed).unwrap();
    let mut served: Value = serde_json::from_str(&served).unwrap();
    // An instance says in addition whether it insists on `If-Match`.
    forget_whether_if_match_is_required(&mut printed);
    forget_whether_if_match_is_required(&mut served);
    assert_eq!(served, printed);
}

fn forget_whether_if_match_is_required(document: &mut Value) {
    match document {
        Value::Array(values) => {
            for value in values {
                forget_whether_if_match_is_required(value);
            }
        }
        Value::Object(members) => {
            if members.get("name").is_some_and(|name| name == "If-Match") {
                members.remove("required");
            }
            for value in members.values_mut() {
                forget_whether_if_match_is_required(value);
            }
        }
        _ => {}
    }
}
