//! Rows that are there already, new ids, dry runs.

use std::fs;

use super::{DEFAULT, exported, migrated, number};
use crate::support::{Ended, Sandbox};

/// Users 1 and 2, and a post by each.
fn peopled() -> Sandbox {
    let sandbox = migrated();
    let users = "id,name,email,created_at,updated_at,version\n\
        1,Ada,ada@example.org,2025-01-01T00:00:00Z,2025-01-02T00:00:00Z,3\n\
        2,Bob,bob@example.org,2025-01-01T00:00:00Z,2025-01-02T00:00:00Z,1\n";
    let posts = "id,user_id,title,content\n1,1,Notes,one\n2,2,More,two\n";
    import(&sandbox, users, Some(posts), &[]);
    sandbox
}

fn write(sandbox: &Sandbox, users: &str, posts: Option<&str>) -> Vec<&'static str> {
    fs::write(sandbox.path("users.csv"), users).unwrap();
    let mut arguments = vec!["import", "--users", "users.csv"];
    if let Some(posts) = posts {
        fs::write(sandbox.path("posts.csv"), posts).unwrap();
        arguments.extend(["--posts", "posts.csv"]);
    }
    arguments
}

fn import(sandbox: &Sandbox, users: &str, posts: Option<&str>, further: &[&str]) -> String {
    let arguments = write(sandbox, users, posts);
    let mut import = sandbox.bylinectl(&arguments);
    import.args(further);
    Ended::well(import)
}

/// `id|name|email|version` of each user, and `id|user_id|title` of each post.
fn rows(sandbox: &Sandbox) -> (Vec<String>, Vec<String>) {
    let sqlite = sandbox.sqlite();
    let all = |query: &str| {
        let mut statement = sqlite.prepare(query).unwrap();
        let rows = statement.query_map((), |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    (
        all("SELECT id || '|' || name || '|' || email || '|' || version FROM users ORDER BY id"),
        all("SELECT id || '|' || user_id || '|' || title FROM posts ORDER BY id"),
    )
}

const USERS: &str = "id,name,email,version\n\
    2,Robert,BOB@example.org,1\n\
    1,Ada,ada@example.org,9\n\
    3,Cy,cy@example.org,4\n";
const POSTS: &str = "id,user_id,title,content\n2,3,Moved,two\n1,1,Notes,one\n7,2,New,\n";

#[test]
fn are_left_out_when_told() {
    let sandbox = peopled();
    let told = import(&sandbox, USERS, Some(POSTS), &["--on-conflict", "skip"]);
    assert_eq!(
        told,
        "users.csv: 1 users stored, 2 left out\nposts.csv: 1 posts stored, 2 left out\n"
    );
    let (users, posts) = rows(&sandbox);
    assert_eq!(
        users,
        [
            "1|Ada|ada@example.org|3",
            "2|Bob|bob@example.org|1",
            "3|Cy|cy@example.org|4"
        ]
    );
    assert_eq!(posts, ["1|1|Notes", "2|2|More", "7|2|New"]);
}

#[test]
fn are_written_over_when_told_and_get_a_new_version() {
    let sandbox = peopled();
    let told = import(&sandbox, USERS, Some(POSTS), &["--on-conflict", "update"]);
    assert_eq!(
        told,
        "users.csv: 1 users stored, 1 changed, 1 left out\n\
         posts.csv: 1 posts stored, 1 changed, 1 left out\n"
    );
    let (users, posts) = rows(&sandbox);
    assert_eq!(
        users,
        [
            "1|Ada|ada@example.org|3",
            "2|Robert|BOB@example.org|2",
            "3|Cy|cy@example.org|4"
        ]
    );
    assert_eq!(posts, ["1|1|Notes", "2|3|Moved", "7|2|New"]);
    let created = "SELECT count(*) FROM users WHERE id = 2 AND created_at = 1735689600000000";
    assert_eq!(number(&sandbox.sqlite(), created), 1);
}

#[test]
fn new_ids_are_given_and_posts_follow() {
    let sandbox = peopled();
    // Two users in the file have ids that others have here, one is here by
    // its address, one has no id.
    let users = "id,name,email\n1,Eve,eve@example.org\n2,Fay,fay@example.org\n\
        9,Ada again,ADA@example.org\n,Gil,gil@example.org\n";
    let posts = "id,user_id,title,content\n1,2,By Fay,\n2,9,By Ada,\n,1,By Eve,\n";
    let told = import(
        &sandbox,
        users,
        Some(posts),
        &["--ids", "new", "--on-conflict", "skip"],
    );
    assert_eq!(
        told,
        "users.csv: 3 users stored, 1 left out\nposts.csv: 3 posts stored\n"
    );
    let (users, posts) = rows(&sandbox);
    assert_eq!(
        users[2..],
        [
            "3|Eve|eve@example.org|1",
            "4|Fay|fay@example.org|1",
            "5|Gil|gil@example.org|1"
        ]
    );
    assert_eq!(posts[2..], ["3|4|By Fay", "4|1|By Ada", "5|3|By Eve"]);
    // Without the users, posts name those that are here.
    fs::write(
        sandbox.path("more.csv"),
        "user_id,title,content\n2,By Bob,\n",
    )
    .unwrap();
    Ended::well(sandbox.bylinectl(&["import", "--posts", "more.csv", "--ids", "new"]));
    assert_eq!(rows(&sandbox).1[5], "6|2|By Bob");
}

#[test]
fn a_dry_run_tells_the_same_and_changes_nothing() {
    for further in [
        ["--on-conflict", "skip", "--ids", "keep"],
        ["--on-conflict", "update", "--ids", "keep"],
        ["--on-conflict", "update", "--ids", "new"],
        ["--on-conflict", "fail", "--ids", "keep"],
    ] {
        let sandbox = peopled();
        let before = exported(&sandbox, DEFAULT);
        let users = format!("{USERS}1,Twice,twice@example.org,1\n4,Cy,CY@example.org,1\n");
        let arguments = write(&sandbox, &users, Some(&format!("{POSTS}8,77,Orphan,\n")));
        let run = |dry: &[&str]| {
            let mut import = sandbox.bylinectl(&arguments);
            import.args(further).args(["--skip-invalid"]).args(dry);
            Ended::of(import)
        };
        let dry = run(&["--dry-run"]);
        assert!(exported(&sandbox, DEFAULT) == before, "{further:?}");
        let imports = number(&sandbox.sqlite(), "SELECT count(*) FROM imports");
        assert_eq!(imports, 2, "those of the preparation");
        let wet = run(&[]);
        assert_eq!(
            dry.stdout.replace("would be ", ""),
            wet.stdout,
            "{further:?}"
        );
        let lines = |ended: &Ended| {
            let lines = ended
                .stderr
                .lines()
                .filter(|line| !line.starts_with("bylinectl"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(&dry), lines(&wet), "{further:?}");
        assert_eq!((dry.code, wet.code), (Some(1), Some(1)));
        assert!(dry.stderr.ends_with("nothing was changed\n"), "{dry:?}");
    }
}
