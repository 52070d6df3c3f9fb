//! An import that is killed goes on where it stands.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{DEFAULT, exported, files, migrated, number};
use crate::support::{Ended, PATIENCE, Sandbox, is_full};

/// Runs `import` and kills it after `delay`, unless it has ended by then. Gives
/// whether it was killed.
fn kill(mut import: Command, delay: Duration) -> bool {
    let mut child = import
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // At no moment that the program could know: that is what is tested.
    thread::sleep(delay);
    let killed = child.try_wait().unwrap().is_none();
    drop(child.kill());
    child.wait().unwrap();
    killed
}

fn import(sandbox: &Sandbox, arguments: &[&str]) -> Command {
    let mut import = sandbox.bylinectl(&["import"]);
    import.args(["--users", "users.ndjson", "--posts", "posts.ndjson"]);
    import.args(arguments);
    import
}

/// How many users and posts, and the longest that an import may run before it
/// is killed. The million is for `scripts/data`, with optimised programs.
fn scale() -> (i64, i64, u64) {
    if is_full() {
        (60_000, 300_000, 10_000)
    } else {
        (4_000, 16_000, 400)
    }
}

/// Kills imports a dozen times, then lets one end. Gives how many were killed.
fn killed_again_and_again(sandbox: &Sandbox, arguments: &[&str]) -> usize {
    let (_, _, longest) = scale();
    let mut kills = 0;
    for round in 0..12_u64 {
        // Spread over what a round may take, whatever the machine.
        let delay = Duration::from_millis(30 + round * 7919 % 400 * longest / 400);
        kills += usize::from(kill(import(sandbox, arguments), delay));
    }
    let ended = Ended::of(import(sandbox, arguments));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    kills
}

#[test]
fn nothing_is_lost_and_nothing_is_there_twice() {
    let sandbox = migrated();
    let (users, posts, _) = scale();
    let original = files(&sandbox, users, posts);
    let kills = killed_again_and_again(&sandbox, &["--quiet"]);
    assert!(kills > 0, "no import lasted until it was killed");
    assert!(exported(&sandbox, DEFAULT) == original);
    Ended::well(sandbox.bylinectl(&["check"]));
    let told = Ended::of(import(&sandbox, &[]));
    assert_eq!(
        told.stderr,
        "users.ndjson is stored already; `--again` stores it once more\n\
         posts.ndjson is stored already; `--again` stores it once more\n"
    );
    assert!(exported(&sandbox, DEFAULT) == original);
}

#[test]
fn nor_with_new_ids() {
    let sandbox = migrated();
    Ended::well(sandbox.bylinectl(&["seed", "--users", "77"]));
    files(&sandbox, 4_000, 16_000);
    killed_again_and_again(&sandbox, &["--quiet", "--ids", "new"]);
    let sqlite = sandbox.sqlite();
    assert_eq!(number(&sqlite, "SELECT count(*) FROM users"), 4_077);
    assert_eq!(number(&sqlite, "SELECT count(*) FROM posts"), 16_000);
    // Every post has the author that it has in the file.
    let wrong = "SELECT count(*) FROM posts JOIN users ON users.id = posts.user_id WHERE \
        users.email <> 'u' || (CAST(substr(content, 2, instr(content, char(10)) - 2) AS INTEGER) \
        * 7919 % 4000 + 1) || '@example.org'";
    assert_eq!(number(&sqlite, wrong), 0);
    assert_eq!(
        number(&sqlite, "SELECT count(DISTINCT content) FROM posts"),
        16_000
    );
    assert_eq!(number(&sqlite, "SELECT count(*) FROM import_ids"), 0);
}

#[test]
fn nor_with_indexes_built_last() {
    let sandbox = migrated();
    let original = files(&sandbox, 4_000, 16_000);
    let kills = killed_again_and_again(&sandbox, &["--quiet", "--indexes-last"]);
    assert!(kills > 0, "no import lasted until it was killed");
    assert!(exported(&sandbox, DEFAULT) == original);
    // Every index is there again.
    Ended::well(sandbox.bylinectl(&["check"]));
}

#[test]
fn an_error_leaves_the_indexes_where_they_were() {
    let sandbox = migrated();
    fs::write(sandbox.path("users.csv"), "id,nome\n1,Ada\n").unwrap();
    fs::write(sandbox.path("users.ndjson"), "{\"id\":1}\n").unwrap();
    for file in ["users.csv", "users.ndjson", "none.csv", "users.xml"] {
        let import = sandbox.bylinectl(&["import", "--indexes-last", "--users", file]);
        let told = Ended::of(import);
        assert_eq!(told.code, Some(1), "{told:?}");
        assert!(told.stderr.contains(file), "{told:?}");
        Ended::well(sandbox.bylinectl(&["check"]));
    }
}

#[test]
fn a_file_that_lacks_indexes_is_not_served_until_somebody_builds_them() {
    let sandbox = migrated();
    files(&sandbox, 4_000, 16_000);
    // The shortest delay by which it has begun, and has not come to its end.
    let mut delays = (0..).map(|round| Duration::from_millis(20 + round * 20));
    loop {
        let options = [
            "--quiet",
            "--again",
            "--on-conflict",
            "skip",
            "--indexes-last",
        ];
        let delay = delays.next().unwrap();
        assert!(delay < PATIENCE, "it never begins");
        let killed = kill(import(&sandbox, &options), delay);
        let export = Ended::of(sandbox.bylinectl(&["export", "--quiet", "--users", "-"]));
        if killed && export.code == Some(1) {
            assert!(export.stderr.contains("_index_"), "{export:?}");
            assert!(export.stderr.contains("`bylinectl migrate`"), "{export:?}");
            break;
        }
    }
    let told = Ended::of(sandbox.bylinectl(&["check"]));
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(
        told.stdout.contains("_index_posts_title is missing"),
        "{told:?}"
    );
    let server = sandbox.serve();
    let page = server.client().get("/posts?sort=title&limit=1");
    assert_eq!(page.status, 200, "{}", page.text);
    Ended::well(sandbox.bylinectl(&["check"]));
    // Under its feet nothing is dropped.
    let refused = Ended::of(import(&sandbox, &["--indexes-last"]));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("is open elsewhere"), "{refused:?}");
    Ended::well(sandbox.bylinectl(&["check"]));
}

#[test]
fn what_was_stored_may_grow_but_not_change() {
    let sandbox = migrated();
    let (users, _) = files(&sandbox, 30, 1);
    let import = || sandbox.bylinectl(&["import", "--users", "users.ndjson"]);
    Ended::well(import());
    let more = format!("{users}{{\"id\":31,\"name\":\"New\",\"email\":\"new@example.org\"}}\n");
    fs::write(sandbox.path("users.ndjson"), &more).unwrap();
    let told = Ended::of(import());
    assert_eq!(told.code, Some(0), "{told:?}");
    assert_eq!(told.stdout, "users.ndjson: 1 users stored\n");
    assert_eq!(
        told.stderr,
        "users.ndjson: 30 lines are stored already; going on\n"
    );
    // A file whose beginning is another one is another file.
    fs::write(
        sandbox.path("users.ndjson"),
        more.replacen("User 1 ", "User 0 ", 1),
    )
    .unwrap();
    let told = Ended::of(import());
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(
        told.stderr
            .starts_with("users.ndjson:1: id: there is a user 1 already"),
        "{told:?}"
    );
}
