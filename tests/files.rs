//! A SQLite file that goes away under the service, or that cannot be written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::{Client, Ended, Sandbox, eventually};

fn create(client: &Client, number: u32) -> u16 {
    let user = json!({"name": "Ada", "email": format!("ada.{number}@example.org")});
    client.post("/users", &user).status
}

fn is_ready(client: &Client) -> bool {
    client.get("/readyz").status == 200
}

/// What happens to a file, in words and in fact.
type Deed = (&'static str, fn(&Path));

/// Copies the file, so that the copy gets its name.
fn replace(path: &Path) {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    fs::rename(copy, path).unwrap();
}

fn beside(path: &Path, suffix: &str) -> std::path::PathBuf {
    format!("{}{suffix}", path.display()).into()
}

#[test]
fn a_file_that_goes_away_is_noticed_and_nothing_is_acknowledged_any_more() {
    let deeds: [Deed; 6] = [
        ("deleted", |path| fs::remove_file(path).unwrap()),
        ("moved", |path| {
            fs::rename(path, beside(path, ".old")).unwrap();
        }),
        ("replaced", replace),
        ("made a folder", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }),
        ("without its log", |path| {
            fs::remove_file(beside(path, "-wal")).unwrap();
        }),
        ("without its index", |path| {
            fs::remove_file(beside(path, "-shm")).unwrap();
        }),
    ];
    for (what, deed) in deeds {
        let sandbox = Sandbox::new();
        let mut server = sandbox.serve();
        let client = server.client();
        assert_eq!(create(&client, 1), 201, "{what}");
        deed(&sandbox.path("byline.db"));
        // The first request after it knows, without any wait.
        let refused = client.post(
            "/users",
            &json!({"name": "Bob", "email": "bob@example.org"}),
        );
        assert_eq!(refused.status, 503, "{what}: {refused:?}");
        assert_eq!(refused.problem(), "database-unavailable", "{what}");
        assert!(!is_ready(&client), "{what}");
        // A connection that is open reads on, which makes nothing ready again.
        let list = client.get("/users");
        assert!(matches!(list.status, 200 | 503), "{what}: {list:?}");
        assert!(!is_ready(&client), "{what}");
        let metrics = Client::new(server.admin()).get("/metrics").text;
        assert!(
            metrics.contains("byline_database_ready 0"),
            "{what}: {metrics}"
        );
        let log = server.killed();
        assert!(
            log.contains("the database file was taken away"),
            "{what}: {log}"
        );
        assert!(log.contains("byline.db"), "{what}: {log}");
    }
}

#[test]
fn a_file_that_goes_away_is_noticed_without_a_write_and_may_come_back() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let client = server.client();
    assert_eq!(create(&client, 1), 201);
    let (path, elsewhere) = (sandbox.path("byline.db"), sandbox.path("elsewhere.db"));
    fs::rename(&path, &elsewhere).unwrap();
    eventually("it is noticed", || !is_ready(&client));
    fs::rename(&elsewhere, &path).unwrap();
    eventually("it is noticed", || is_ready(&client));
    assert_eq!(create(&client, 2), 201);
    drop(server);
    let server = sandbox.serve();
    let users = server.client().get("/users").json();
    assert_eq!(users.as_array().unwrap().len(), 2, "{users}");
}

/// Runs a program as somebody whom permissions hold, whoever runs the tests.
fn as_ordinary_user(mut command: Command) -> Command {
    if rustix::process::geteuid().is_root() {
        command.uid(65_534).gid(65_534);
    }
    command
}

/// Lets everybody at what the tests made, or read it only.
fn permit(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A folder that a user without rights reaches, with a database in it.
fn shared() -> Sandbox {
    let sandbox = Sandbox::new();
    Ended::well(sandbox.bylinectl(&["migrate"]));
    Ended::well(sandbox.bylinectl(&["seed", "--users", "5", "--posts", "5"]));
    permit(&sandbox.path("."), 0o777);
    sandbox
}

#[test]
fn a_file_that_cannot_be_written_is_not_served() {
    let sandbox = shared();
    permit(&sandbox.path("byline.db"), 0o444);
    let ended = Ended::of(as_ordinary_user(sandbox.byline()));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("byline.db is read-only"), "{ended:?}");
    for arguments in [&["seed", "--users", "1", "--posts", "1"][..], &["migrate"]] {
        let ended = Ended::of(as_ordinary_user(sandbox.bylinectl(arguments)));
        if arguments[0] == "seed" {
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert!(ended.stderr.contains("read-only"), "{ended:?}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_can_be_read() {
    let sandbox = shared();
    let (database, folder) = (sandbox.path("byline.db"), sandbox.path("out"));
    fs::create_dir(&folder).unwrap();
    permit(&folder, 0o777);
    permit(&database, 0o444);
    permit(&sandbox.path("."), 0o555);
    let run = |arguments: &[&str]| {
        let mut command = sandbox.bylinectl(arguments);
        command.env("DATABASE_URL", format!("sqlite:{}", database.display()));
        Ended::of(as_ordinary_user(command))
    };
    let backup = folder.join("backup.db");
    for arguments in [
        &["check"][..],
        &["migrate", "status"],
        &[
            "export",
            "--users",
            "out/users.ndjson",
            "--posts",
            "out/posts.csv",
        ],
        &["backup", backup.to_str().unwrap()],
    ] {
        let ended = run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
    }
    let users = fs::read_to_string(folder.join("users.ndjson")).unwrap();
    assert_eq!(users.lines().count(), 5);
    let mut check = sandbox.bylinectl(&["check"]);
    check.env("DATABASE_URL", format!("sqlite:{}", backup.display()));
    Ended::well(check);
    // What changes something says so at once.
    let refused = run(&["seed", "--users", "1", "--posts", "1"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");

    // A log that is left beside it may hold what the file lacks.
    permit(&sandbox.path("."), 0o777);
    fs::write(beside(&database, "-wal"), "x").unwrap();
    permit(&beside(&database, "-wal"), 0o000);
    permit(&sandbox.path("."), 0o555);
    let refused = run(&["check"]);
    permit(&sandbox.path("."), 0o777);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("byline.db-wal"), "{refused:?}");
}

#[test]
fn paths_and_urls_mean_what_they_say() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("").display().to_string();
    let folder = folder.trim_end_matches('/');
    for (url, file) in [
        (format!("sqlite:///{folder}/four.db"), "four.db"),
        (format!("sqlite://{folder}/three.db"), "three.db"),
        (format!("sqlite:{folder}/one.db"), "one.db"),
        ("sqlite:relative.db".to_owned(), "relative.db"),
        ("sqlite://two.db".to_owned(), "two.db"),
    ] {
        Ended::well(sandbox.bylinectl(&["migrate", "--database-url", &url]));
        assert!(sandbox.path(file).is_file(), "{url}");
        let to = format!("/{folder}/{file}.backup");
        Ended::well(sandbox.bylinectl(&["backup", &to, "--database-url", &url]));
        assert!(sandbox.path(&format!("{file}.backup")).is_file(), "{to}");
    }
    let before = fs::read_dir(sandbox.path("")).unwrap().count();
    for (url, says) in [
        ("sqlite://localhost/x.db", "names a host"),
        ("sqlite:x.db?mode=rwc", "without parameters"),
        ("sqlite:file:x.db", "without `file:`"),
    ] {
        let refused = Ended::of(sandbox.bylinectl(&["migrate", "--database-url", url]));
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(says), "{url}: {refused:?}");
    }
    assert_eq!(fs::read_dir(sandbox.path("")).unwrap().count(), before);
}
