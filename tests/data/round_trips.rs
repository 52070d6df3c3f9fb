//! What is exported can be imported, and is the same when it is exported
//! again, to the byte.

use std::fs;

use serde_json::json;

use super::{DEFAULT, HOSTILE, exported, migrated};
use crate::support::{Ended, Sandbox};

/// A database with all kinds of rows: made up, hostile, changed, and with gaps
/// in the ids.
pub(super) fn populated() -> Sandbox {
    let sandbox = migrated();
    Ended::well(sandbox.bylinectl(&["seed", "--users", "150", "--posts", "400"]));
    let server = sandbox.serve();
    let client = server.client();
    for (index, text) in HOSTILE.iter().enumerate() {
        let user = json!({"name": text, "email": format!("H{index}+x'y@example.org")});
        let user = client.post("/users", &user).json();
        let content = format!("{text}\r\n\t{text}\r{text}\n\n");
        let post = json!({"user_id": user["id"], "title": text, "content": content});
        let post = client.post("/posts", &post).json();
        assert_eq!(post["content"], content);
        let path = format!("/posts/{}", post["id"]);
        let content = json!({"content": ""});
        if index % 3 == 0 {
            let headers = [("content-type", "application/merge-patch+json")];
            let changed = client.send("PATCH", &path, &headers, Some(&content));
            assert_eq!(changed.status, 200, "{changed:?}");
        }
        if index % 4 == 0 {
            assert_eq!(client.send("DELETE", &path, &[], None).status, 204);
        }
    }
    sandbox
}

#[test]
fn what_comes_out_goes_in_and_comes_out_the_same() {
    let source = populated();
    let original = exported(&source, DEFAULT);
    assert_eq!(original.0.lines().count(), 150 + HOSTILE.len());
    for (users, posts) in [
        ("users.ndjson", "posts.ndjson"),
        ("users.csv", "posts.csv"),
        ("users.jsonl", "posts.csv"),
    ] {
        let files = ["--users", users, "--posts", posts];
        let mut export = source.bylinectl(&["export", "--force"]);
        export.args(files);
        Ended::well(export);
        let target = migrated();
        for file in [users, posts] {
            fs::copy(source.path(file), target.path(file)).unwrap();
        }
        let mut import = target.bylinectl(&["import"]);
        import.args(files);
        let told = Ended::well(import);
        assert_eq!(
            told,
            format!(
                "{users}: {} users stored\n{posts}: {} posts stored\n",
                original.0.lines().count(),
                original.1.lines().count()
            )
        );
        assert!(exported(&target, DEFAULT) == original, "{users} {posts}");
        let mut again = target.bylinectl(&["export", "--force"]);
        again.args(files);
        Ended::well(again);
        for file in [users, posts] {
            let read = |sandbox: &Sandbox| fs::read(sandbox.path(file)).unwrap();
            assert!(
                read(&source) == read(&target),
                "{file} came out differently"
            );
        }
        Ended::well(target.bylinectl(&["check"]));
    }
}

#[test]
fn versions_survive_and_the_service_gives_the_same_etags() {
    let source = populated();
    let users = source.path("all-users.ndjson");
    let posts = source.path("all-posts.ndjson");
    exported(&source, DEFAULT);
    let target = migrated();
    let mut import = target.bylinectl(&["import", "--users"]);
    import.arg(users).arg("--posts").arg(posts);
    Ended::well(import);
    let answer = |sandbox: &Sandbox| {
        let server = sandbox.serve();
        let all = server.client().walk("/posts?limit=100");
        let path = format!("/posts/{}", all.last().unwrap()["id"]);
        let one = server.client().get(&path);
        (all, one.header("etag").map(str::to_owned), one.text)
    };
    assert_eq!(answer(&source), answer(&target));
}

#[test]
fn standard_output_and_input_are_files_too() {
    let source = populated();
    let original = exported(&source, DEFAULT);
    let printed = Ended::well(source.bylinectl(&["export", "--users", "-"]));
    assert_eq!(printed, original.0);
    let target = migrated();
    let mut import = target.bylinectl(&["import", "--users", "-", "--quiet"]);
    import.stdin(fs::File::open(source.path("all-users.ndjson")).unwrap());
    Ended::well(import);
    assert_eq!(exported(&target, DEFAULT).0, original.0);
}

#[test]
fn files_are_not_overwritten_unless_told() {
    let sandbox = migrated();
    fs::write(sandbox.path("users.csv"), "mine").unwrap();
    let refused = Ended::of(sandbox.bylinectl(&["export", "--users", "users.csv"]));
    assert_eq!(refused.code, Some(1));
    assert_eq!(
        refused.stderr,
        "bylinectl: users.csv exists already; choose another name, or replace it with `--force`\n"
    );
    assert_eq!(
        fs::read_to_string(sandbox.path("users.csv")).unwrap(),
        "mine"
    );
    let unknown = Ended::of(sandbox.bylinectl(&["export", "--users", "users.txt"]));
    assert_eq!(
        unknown.stderr,
        "bylinectl: users.txt: no telling its format from its name; name it .ndjson or .csv, or \
         add `--format`\n"
    );
    Ended::well(sandbox.bylinectl(&["export", "--users", "users.csv", "--force"]));
    assert_eq!(
        fs::read_to_string(sandbox.path("users.csv")).unwrap(),
        "id,name,email,created_at,updated_at,version\n"
    );
}
