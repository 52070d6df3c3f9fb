//! What is no regular file is read once, and nothing is read twice.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use super::{DEFAULT, exported, files, migrated, number};
use crate::support::{Ended, Sandbox, binaries};

/// Runs a line of bash in the sandbox, in which `bylinectl` is the program.
fn bash(sandbox: &Sandbox, line: &str) -> Ended {
    let mut bash = Command::new("bash");
    bash.current_dir(sandbox.path("")).stdin(Stdio::null());
    let folder = binaries().bylinectl.parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    bash.env("PATH", format!("{}:{path}", folder.display()));
    bash.env("DATABASE_URL", DEFAULT);
    bash.args(["-c", line]);
    Ended::of(bash)
}

#[test]
fn what_can_be_read_once_is_read_once() {
    for line in [
        "bylinectl import --users <(cat users.ndjson) --posts <(cat posts.ndjson)",
        "mkfifo u.ndjson p.ndjson; (cat users.ndjson > u.ndjson; cat posts.ndjson > p.ndjson) & \
         bylinectl import --users u.ndjson --posts p.ndjson",
        "cat users.ndjson | bylinectl import --users /dev/stdin && \
         cat posts.ndjson | bylinectl import --posts -",
        "bylinectl import --users /dev/stdin --format ndjson < users.ndjson && \
         bylinectl import --posts /proc/self/fd/0 --format ndjson < posts.ndjson",
        "mkfifo u; cat users.ndjson > u & ln -s u v; \
         bylinectl import --users v --posts /dev/fd/3 3< <(cat posts.ndjson)",
        "bylinectl import --users <(cat users.ndjson) --posts posts.ndjson --ids new --dry-run && \
         bylinectl import --users <(cat users.ndjson) --posts posts.ndjson",
    ] {
        let sandbox = migrated();
        // More than the buffers of pipes and readers together.
        let original = files(&sandbox, 4_000, 6_000);
        let ended = bash(&sandbox, line);
        assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
        let found = exported(&sandbox, DEFAULT);
        assert!(found == original, "{line} stored something else");
    }
}

#[test]
fn two_inputs_that_are_one_are_refused_before_anything_is_read() {
    let sandbox = migrated();
    files(&sandbox, 3, 3);
    fs::hard_link(sandbox.path("users.ndjson"), sandbox.path("hard.ndjson")).unwrap();
    symlink("users.ndjson", sandbox.path("soft.ndjson")).unwrap();
    for line in [
        "bylinectl import --users - --posts - < users.ndjson",
        "bylinectl import --users users.ndjson --posts users.ndjson",
        "bylinectl import --users users.ndjson --posts ./x/../users.ndjson",
        "bylinectl import --users users.ndjson --posts hard.ndjson",
        "bylinectl import --users soft.ndjson --posts users.ndjson",
        "bylinectl import --users users.ndjson --posts - < users.ndjson",
        "bylinectl import --users - --posts /dev/stdin < <(cat users.ndjson)",
        "mkfifo pipe; bylinectl import --users pipe --posts ./pipe",
        "bylinectl import --users users.ndjson >> users.ndjson",
    ] {
        fs::create_dir_all(sandbox.path("x")).unwrap();
        let ended = bash(&sandbox, line);
        assert_eq!(ended.code, Some(1), "{line}: {ended:?}");
        assert!(ended.stderr.contains("same file"), "{line}: {ended:?}");
        let stored = "SELECT count(*) FROM imports";
        assert_eq!(number(&sandbox.sqlite(), stored), 0, "{line}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let sandbox = migrated();
    fs::create_dir(sandbox.path("folder.csv")).unwrap();
    symlink("nowhere", sandbox.path("dangling.csv")).unwrap();
    for (path, says) in [
        ("folder.csv", "is a directory"),
        ("dangling.csv", "No such file"),
        ("byline.db", "is the database itself"),
        ("folder.csv/../byline.db", "is the database itself"),
    ] {
        let arguments = ["import", "--users", path, "--format", "csv"];
        let ended = Ended::of(sandbox.bylinectl(&arguments));
        assert_eq!(ended.code, Some(1), "{path}: {ended:?}");
        assert!(ended.stderr.contains(says), "{path}: {ended:?}");
    }
}

#[test]
fn csv_that_is_none_is_stored_up_to_where_it_ends() {
    let sandbox = migrated();
    let users =
        "id,name,email\n1,Ada,ada@example.org\n2,\"Bob,bob@example.org\n3,Cy,c@example.org\n";
    fs::write(sandbox.path("users.csv"), users).unwrap();
    for more in [&[][..], &["--skip-invalid"], &["--dry-run"]] {
        let mut import = sandbox.bylinectl(&["import", "--users", "users.csv", "--quiet"]);
        import.args(more);
        let ended = Ended::of(import);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(
            ended.stderr,
            "bylinectl: users.csv cannot be read: line 3: the quote that begins here is never \
             closed\n"
        );
        assert_eq!(number(&sandbox.sqlite(), "SELECT count(*) FROM users"), 1);
    }
    // Corrected, it goes on.
    fs::write(sandbox.path("users.csv"), users.replace('"', "")).unwrap();
    Ended::well(sandbox.bylinectl(&["import", "--users", "users.csv"]));
    assert_eq!(number(&sandbox.sqlite(), "SELECT count(*) FROM users"), 3);
}
