//! Errors name the file, the line and what can be done.

use std::fs;

use super::{DEFAULT, exported, files, migrated, number};
use crate::support::{Ended, Sandbox};

fn import(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    let mut import = sandbox.bylinectl(&["import"]);
    import.args(arguments);
    Ended::of(import)
}

#[test]
fn nothing_is_stored_from_the_first_bad_line_on_and_the_import_goes_on_once_it_is_corrected() {
    let sandbox = migrated();
    let (good, _) = files(&sandbox, 6_000, 1);
    let bad = good
        .replacen("\"name\":\"User 5500 🦀\"", "\"name\":\"\\t\"", 1)
        .replacen("u5800@", "u5799@", 1)
        .replacen("\"id\":5900,", "\"id\":\"5900\",", 1);
    fs::write(sandbox.path("users.ndjson"), bad).unwrap();
    let ended = import(&sandbox, &["--users", "users.ndjson"]);
    assert_eq!(ended.code, Some(1));
    assert_eq!(ended.stdout, "users.ndjson: 5,499 users stored\n");
    assert_eq!(
        ended.stderr,
        "users.ndjson:5500: name: must not be blank; must not contain control characters, has \
         U+0009 at character 1\n\
         users.ndjson:5900: invalid type: string \"5900\", expected a whole number (column 12)\n\
         bylinectl: 2 lines cannot be stored: users.ndjson is stored up to line 5499; correct \
         line 5500 and those behind it, and run the same command again, or leave them out with \
         `--skip-invalid`\n"
    );
    fs::write(
        sandbox.path("users.ndjson"),
        good.replacen("u5800@", "u5799@", 1),
    )
    .unwrap();
    let ended = import(&sandbox, &["--users", "users.ndjson"]);
    assert_eq!(ended.stdout, "users.ndjson: 300 users stored\n");
    assert_eq!(
        ended.stderr,
        "users.ndjson: 5,499 lines are stored already; going on\n\
         users.ndjson:5800: email: user 5799 has the same email already; `--on-conflict skip` \
         leaves it out\n\
         bylinectl: 1 line cannot be stored: users.ndjson is stored up to line 5799; correct \
         line 5800 and those behind it, and run the same command again, or leave them out with \
         `--skip-invalid`\n"
    );
    fs::write(sandbox.path("users.ndjson"), &good).unwrap();
    let ended = import(&sandbox, &["--users", "users.ndjson", "--quiet"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(exported(&sandbox, DEFAULT).0 == good);
}

#[test]
fn the_number_of_errors_is_limited() {
    let lines: String = (1..=50).map(|n| format!("{{\"id\":{n}}}\n")).collect();
    for (further, told) in [
        (&[][..], 20),
        (&["--max-errors", "3"][..], 3),
        (&["--max-errors", "3", "--skip-invalid"][..], 3),
        (&["--max-errors", "100", "--dry-run"][..], 50),
    ] {
        let sandbox = migrated();
        fs::write(sandbox.path("users.ndjson"), &lines).unwrap();
        let mut import = sandbox.bylinectl(&["import", "--users", "users.ndjson"]);
        import.args(further);
        let ended = Ended::of(import);
        assert_eq!(ended.code, Some(1));
        let lines = ended.stderr.lines();
        assert_eq!(
            lines
                .filter(|line| line.starts_with("users.ndjson:"))
                .count(),
            told
        );
        assert_eq!(
            ended.stderr.contains("--max-errors"),
            told < 50,
            "{ended:?}"
        );
        // What was told is passed over, and nothing else.
        let passed = "SELECT coalesce(max(line_count), 0) FROM imports";
        let expected = if further.contains(&"--skip-invalid") {
            3
        } else {
            0
        };
        assert_eq!(number(&sandbox.sqlite(), passed), expected);
    }
}

#[test]
fn bad_lines_are_left_out_when_told() {
    let sandbox = migrated();
    let users = "name,email,id\nAda,ada@example.org,1\nBob,bob@,2\nCy,cy@example.org,3\n";
    fs::write(sandbox.path("users.csv"), users).unwrap();
    let posts = "id,user_id,title,content\n1,1,A,\n2,2,\"B\nb\",\n3,2,C,\n4,3,D,\n,3,E,\n";
    fs::write(sandbox.path("posts.csv"), posts).unwrap();
    let ended = import(
        &sandbox,
        &[
            "--users",
            "users.csv",
            "--posts",
            "posts.csv",
            "--skip-invalid",
        ],
    );
    assert_eq!(ended.code, Some(1));
    assert_eq!(
        ended.stdout,
        "users.csv: 2 users stored\nposts.csv: 2 posts stored\n"
    );
    assert_eq!(
        ended.stderr,
        "users.csv:3: email: must be an e-mail address such as ada@example.org\n\
         posts.csv:3: title: must not contain control characters, has U+000A at character 2\n\
         posts.csv:5: user_id: there is no user 2\n\
         posts.csv:7: id: is missing; rows keep their ids unless they are numbered anew; \
         `--ids new` numbers them\n\
         bylinectl: 4 lines cannot be stored: the others are stored\n"
    );
}

#[test]
fn files_and_arguments_are_named() {
    let sandbox = migrated();
    fs::write(sandbox.path("users.csv"), "name,mail\n").unwrap();
    fs::write(
        sandbox.path("posts.ndjson"),
        "{\"user_id\":1,\"title\":\"A\",\"content\":\"\",\"id\":1}\n",
    )
    .unwrap();
    for (arguments, says) in [
        (
            &["--users", "none.csv"][..],
            "bylinectl: none.csv cannot be read: No such file or directory (os error 2)\n",
        ),
        (
            &["--users", "users.csv"][..],
            "bylinectl: users.csv: line 1 must name columns among id, name, email, created_at, \
             updated_at, version; `mail` is none of them\n",
        ),
        (
            &["--posts", "posts.ndjson"][..],
            "posts.ndjson:1: user_id: there is no user 1; import the users first, or with \
             `--users`\n",
        ),
        (
            &["--users", "users.txt"][..],
            "bylinectl: users.txt cannot be read: No such file or directory (os error 2)\n",
        ),
    ] {
        let ended = import(&sandbox, arguments);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.starts_with(says), "{ended:?}");
    }
    let nothing = import(&sandbox, &[]);
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    assert!(nothing.stderr.contains("--users"), "{nothing:?}");
}

#[test]
fn other_ids_do_not_go_on_with_an_import() {
    let sandbox = migrated();
    files(&sandbox, 3, 1);
    assert_eq!(import(&sandbox, &["--users", "users.ndjson"]).code, Some(0));
    let other = import(&sandbox, &["--users", "users.ndjson", "--ids", "new"]);
    assert_eq!(other.code, Some(1));
    assert!(other.stderr.contains("`--again`"), "{other:?}");
    let again = [
        "--users",
        "users.ndjson",
        "--ids",
        "new",
        "--again",
        "--on-conflict",
        "skip",
    ];
    let again = import(&sandbox, &again);
    assert_eq!(again.stdout, "users.ndjson: 0 users stored, 3 left out\n");
}
