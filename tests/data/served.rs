//! No command destroys the database that a service works with, whatever names it is
//! given for what it reads and writes.

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Stdio;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::migrated;
use crate::support::{Ended, Sandbox, Server, eventually, is_full};

/// Commands, with a letter for each name of a file. Those that are to change the
/// database change it by the names `A` and `B` alone: what was there stays.
const COMMANDS: [&str; 31] = [
    "backup A",
    "backup --force A",
    "backup --force A --database-url sqlite:other.db",
    "backup --force A --database-url sqlite:B",
    "export --users A --format csv",
    "export --force --users A --posts B --format csv",
    "export --force --users A --posts B --format ndjson",
    "export --force --posts A --users - --format ndjson",
    "export --force --posts A --format csv --database-url sqlite:other.db",
    "export --force --users A --format csv --database-url sqlite:B",
    "import --users A --posts B --format csv",
    "import --users A --format ndjson --skip-invalid",
    "import --posts A --format csv --dry-run",
    "import --users A --format csv --ids new --again --on-conflict update",
    "import --users A --format ndjson --indexes-last",
    "import --users empty.csv --database-url sqlite:A",
    "import --users empty.csv --indexes-last --database-url sqlite:A",
    "copy --from sqlite:A --to sqlite:B",
    "copy --from sqlite:other.db --to sqlite:A",
    "copy --from sqlite:A --to sqlite:other.db",
    "copy --from sqlite:A --to sqlite:B --verify-only",
    "migrate --database-url sqlite:A",
    "migrate status --database-url sqlite:A",
    "check --database-url sqlite:A",
    "seed --users 2 --posts 2 --database-url sqlite:A",
    "keys list --database-url sqlite:A",
    "man A",
    "man A/man1",
    "man made",
    "openapi --database-url sqlite:A",
    "completions bash",
];

/// The served database, what is beside it, and names that are like these.
const FILES: [&str; 7] = [
    "byline.db",
    "byline.db",
    "byline.db-wal",
    "byline.db-shm",
    "byline.db-journal",
    "byline.db.partial",
    "BYLINE.DB",
];

/// Ways to name a file.
#[derive(Clone, Copy, Debug)]
enum Form {
    Relative,
    Roundabout,
    Absolute,
    TwoSlashes,
    ByCwd,
    Link,
    LinkToLink,
    HardLink,
    LinkToFolder,
    ManualPage,
    Descriptor,
    StandardInput,
}

const FORMS: [Form; 12] = [
    Form::Relative,
    Form::Roundabout,
    Form::Absolute,
    Form::TwoSlashes,
    Form::ByCwd,
    Form::Link,
    Form::LinkToLink,
    Form::HardLink,
    Form::LinkToFolder,
    Form::ManualPage,
    Form::Descriptor,
    Form::StandardInput,
];

#[derive(Clone, Debug)]
struct Case {
    command: &'static str,
    a: (Form, &'static str),
    b: (Form, &'static str),
    /// What standard input and output are.
    stdin: Option<&'static str>,
    stdout: Option<&'static str>,
}

fn case() -> impl Strategy<Value = Case> {
    let name = || (select(&FORMS[..]), select(&FILES[..]));
    let stream = || proptest::option::weighted(0.2, select(&FILES[..]));
    (select(&COMMANDS[..]), name(), name(), stream(), stream()).prop_map(
        |(command, a, b, stdin, stdout)| Case {
            command,
            a,
            b,
            stdin,
            stdout,
        },
    )
}

/// A file by a name of this form; the links that it takes are made in `links`.
fn name(sandbox: &Sandbox, (form, file): (Form, &str), letter: &str) -> String {
    let link = |kind: &str| PathBuf::from(format!("links/{letter}-{kind}"));
    let text = |path: PathBuf| path.to_str().unwrap().to_owned();
    match form {
        Form::Relative => file.to_owned(),
        Form::Roundabout => format!("./links/../{file}"),
        Form::Absolute => text(sandbox.path(file)),
        Form::TwoSlashes => format!("/{}", text(sandbox.path(file))),
        Form::ByCwd => format!("/proc/self/cwd/{file}"),
        Form::Link => {
            symlink(format!("../{file}"), sandbox.path("").join(link("soft"))).unwrap();
            text(link("soft"))
        }
        Form::LinkToLink => {
            symlink(format!("../{file}"), sandbox.path("").join(link("one"))).unwrap();
            symlink(format!("{letter}-one"), sandbox.path("").join(link("two"))).unwrap();
            text(link("two"))
        }
        Form::HardLink => {
            // There may be no such file.
            drop(fs::hard_link(
                sandbox.path(file),
                sandbox.path("").join(link("hard")),
            ));
            text(link("hard"))
        }
        Form::LinkToFolder => {
            symlink("..", sandbox.path("").join(link("here"))).unwrap();
            format!("{}/{file}", text(link("here")))
        }
        Form::ManualPage => {
            drop(fs::create_dir(sandbox.path("made")));
            let page = sandbox.path("made/bylinectl-check.1");
            drop(fs::remove_file(&page));
            symlink(format!("../{file}"), page).unwrap();
            "made/bylinectl-check.1".to_owned()
        }
        Form::Descriptor => "/proc/self/fd/1".to_owned(),
        Form::StandardInput => "/dev/stdin".to_owned(),
    }
}

fn run(sandbox: &Sandbox, case: &Case) -> Option<i32> {
    fs::create_dir(sandbox.path("links")).unwrap();
    let a = name(sandbox, case.a, "a");
    let b = name(sandbox, case.b, "b");
    let words = case.command.split(' ').map(|word| {
        let (scheme, name) = match word.strip_prefix("sqlite:") {
            Some(name) => ("sqlite:", name),
            None => ("", word),
        };
        let name = match name {
            "A" => a.clone(),
            "B" => b.clone(),
            "A/man1" => format!("{a}/man1"),
            other => other.to_owned(),
        };
        format!("{scheme}{name}")
    });
    let words: Vec<_> = words.collect();
    let mut command = sandbox.bylinectl(&[]);
    command
        .args(words)
        .stderr(Stdio::null())
        .stdout(Stdio::null());
    let open = |name: &str| {
        OpenOptions::new()
            .read(true)
            .append(true)
            .open(sandbox.path(name))
    };
    if let Some(Ok(file)) = case.stdin.map(open) {
        command.stdin(file);
    }
    if let Some(Ok(file)) = case.stdout.map(open) {
        command.stdout(file);
    }
    let code = command.status().unwrap().code();
    fs::remove_dir_all(sandbox.path("links")).unwrap();
    drop(fs::remove_dir_all(sandbox.path("made")));
    drop(fs::remove_dir_all(sandbox.path("BYLINE.DB")));
    drop(fs::remove_dir_all(sandbox.path("byline.db.partial")));
    for name in ["byline.db.partial", "BYLINE.DB"] {
        for end in ["", "-wal", "-shm"] {
            drop(fs::remove_file(sandbox.path(&format!("{name}{end}"))));
        }
    }
    code
}

/// The rows that are there from the beginning on.
fn rows(sandbox: &Sandbox) -> Vec<String> {
    let of_posts = "SELECT id || user_id || title || content || created_at || updated_at || \
        version FROM posts WHERE id <= 20 ORDER BY id";
    let of_users = "SELECT id || name || email || created_at || updated_at || version FROM users \
        WHERE id <= 10 ORDER BY id";
    let mut rows = sandbox.column(of_posts);
    rows.extend(sandbox.column(of_users));
    rows
}

/// Whether the service works with the file that has its name: what it answers is
/// there.
fn serves(sandbox: &Sandbox, server: &Server, number: usize) -> bool {
    let email = format!("n{number}@example.org");
    let answer = server
        .client()
        .post("/users", &json!({"name": "N", "email": email}));
    let found = format!("SELECT count(*) FROM users WHERE email = '{email}'");
    answer.status == 201 && sandbox.column(&found) == ["1"]
}

#[test]
fn no_command_destroys_a_served_database_by_any_name() {
    let sandbox = migrated();
    Ended::well(sandbox.bylinectl(&["seed", "--users", "10", "--posts", "20"]));
    let mut other = sandbox.bylinectl(&["migrate"]);
    other.env("DATABASE_URL", "sqlite:other.db");
    Ended::well(other);
    fs::write(sandbox.path("empty.csv"), "id,name,email\n").unwrap();
    let expected = rows(&sandbox);
    assert_eq!(expected.len(), 30);
    let mut server = sandbox.serve();
    let number = Cell::new(0);
    // How many commands did what they were told, and how many refused it.
    let (done, refused) = (Cell::new(0), Cell::new(0));
    let config = Config {
        cases: if is_full() { 4_000 } else { 60 },
        // What one case has destroyed, the next would find destroyed.
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&case(), |case| {
        number.set(number.get() + 1);
        let code = run(&sandbox, &case);
        prop_assert!(matches!(code, Some(0..=2)), "{code:?}");
        let ended = if code == Some(0) { &done } else { &refused };
        ended.set(ended.get() + 1);
        prop_assert!(rows(&sandbox) == expected, "rows are gone");
        prop_assert!(
            serves(&sandbox, &server, number.get()),
            "another file is served"
        );
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
    assert!(done.get() > 0 && refused.get() > 0, "{done:?} {refused:?}");
    server.killed();
    eventually("the file is free", || {
        Ended::of(sandbox.bylinectl(&["check"])).code == Some(0)
    });
    assert!(rows(&sandbox) == expected);
}
