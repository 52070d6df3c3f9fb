//! Numbers at their greatest: refused where they come in, and used up in good order.

use rustix::process::Signal;
use serde_json::json;

use crate::support::servers::Engine;
use crate::support::{Ended, Sandbox, on_each_engine};

on_each_engine! {
    ids_that_are_used_up_end_creation_and_nothing_else,
    a_version_that_is_the_last_is_not_given_twice,
    an_import_leaves_ids_and_versions,
}

const LAST: i64 = (1 << 53) - 1;

/// The greatest that an import may bring with it.
const MOST: i64 = LAST - (1 << 40);

fn migrated(sandbox: &Sandbox) {
    if !sandbox.is_on_server() {
        Ended::well(sandbox.bylinectl(&["migrate"]));
    }
}

/// Inserts a user and a post with this id, and this version, past the service.
fn insert(sandbox: &Sandbox, id: i64, version: i64) {
    sandbox.execute(&format!(
        "INSERT INTO users (id, name, email, email_key, created_at, updated_at, version) \
         VALUES ({id}, 'Ada', 'ada@example.org', 'ada@example.org', 0, 0, {version})"
    ));
    sandbox.execute(&format!(
        "INSERT INTO posts (id, user_id, title, content, created_at, updated_at, version) \
         VALUES ({id}, {id}, 'Notes', '', 0, 0, {version})"
    ));
}

/// Every way to create a row, whether it commits by itself, with others, or with
/// a key.
fn ids_that_are_used_up_end_creation_and_nothing_else(sandbox: &Sandbox) {
    migrated(sandbox);
    insert(sandbox, LAST - 1, 1);
    let mut server = sandbox.serve();
    let client = server.client();
    let user = |n: u8| json!({"name": "Bob", "email": format!("bob.{n}@example.org")});
    let post = json!({"user_id": LAST, "title": "More", "content": ""});

    let created = client.post("/users", &user(0));
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.json()["id"], LAST);
    let created = client.post("/posts", &post);
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.json()["id"], LAST);

    let of_user = format!("/users/{LAST}/posts");
    let plain = json!({"title": "More", "content": ""});
    let key = [("Idempotency-Key", "8e03978e-40d5-43e8")];
    let batch =
        |name: &str, data| json!({"operations": [{"op": "create", "type": name, "data": data}]});
    // More than once: no attempt may bring the next one further.
    for _ in 0..3 {
        for (path, headers, body) in [
            ("/users", &[][..], user(1)),
            ("/users", &key, user(1)),
            ("/posts", &[], post.clone()),
            ("/posts", &key, post.clone()),
            (&of_user, &[], plain.clone()),
            ("/batch", &[], batch("user", user(1))),
            ("/batch", &[], batch("post", post.clone())),
        ] {
            let refused = client.send("POST", path, headers, Some(&body));
            assert_eq!(refused.status, 409, "{path}: {refused:?}");
            assert_eq!(refused.problem(), "limit-reached", "{path}");
        }
    }
    assert_eq!(sandbox.count("users"), 2);
    assert_eq!(sandbox.count("posts"), 2);
    for path in ["/users?sort=-id", "/posts?sort=-id", "/posts?embed=user"] {
        let list = client.get(path);
        assert_eq!(list.status, 200, "{list:?}");
        assert_eq!(list.json().as_array().unwrap().len(), 2, "{path}");
    }
    let path = format!("/posts/{LAST}");
    let renamed = client.send("PATCH", &path, &[], Some(&json!({"title": "Less"})));
    assert_eq!(renamed.status, 200, "{renamed:?}");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let log = server.killed();
    assert!(log.contains("no id left"), "{log}");
}

fn a_version_that_is_the_last_is_not_given_twice(sandbox: &Sandbox) {
    migrated(sandbox);
    insert(sandbox, 7, LAST - 1);
    let server = sandbox.serve();
    let client = server.client();
    for (path, change) in [
        ("/posts/7", json!({"title": "Less"})),
        ("/users/7", json!({"name": "Ida"})),
    ] {
        let guard = |version: i64| format!("\"{version}\"");
        let patch = |tag: &str| client.send("PATCH", path, &[("If-Match", tag)], Some(&change));
        let last = patch(&guard(LAST - 1));
        assert_eq!(last.status, 200, "{last:?}");
        assert_eq!(last.header("etag"), Some(&*guard(LAST)));
        for _ in 0..2 {
            let refused = patch(&guard(LAST));
            assert_eq!(refused.status, 409, "{refused:?}");
            assert_eq!(refused.problem(), "limit-reached", "{refused:?}");
        }
        let unguarded = client.send("PATCH", path, &[], Some(&change));
        assert_eq!(unguarded.status, 409, "{unguarded:?}");
        let stale = patch(&guard(LAST - 1));
        assert_eq!(stale.status, 412, "{stale:?}");
        let read = client.get(path);
        assert_eq!(
            (read.status, read.header("etag")),
            (200, Some(&*guard(LAST)))
        );
        let deleted = client.send("DELETE", path, &[("If-Match", &guard(LAST))], None);
        assert_eq!(deleted.status, 204, "{deleted:?}");
    }
}

fn an_import_leaves_ids_and_versions(sandbox: &Sandbox) {
    migrated(sandbox);
    let import = |text: &str| {
        std::fs::write(sandbox.path("more.ndjson"), text).unwrap();
        let file = ["import", "--again", "--users", "more.ndjson"];
        Ended::of(sandbox.bylinectl(&file))
    };
    let line = |id: i64, version: i64| {
        format!(
            "{{\"id\":{id},\"name\":\"Ada\",\"email\":\"ada@example.org\",\"version\":{version}}}\n"
        )
    };
    for (id, version, says) in [
        (LAST, 1, "id: must be at most 9006099743113215"),
        (MOST + 1, 1, "id: must be at most 9006099743113215"),
        (LAST + 1, 1, "id: an id is a whole number"),
        (1, LAST, "version: must be at most 9006099743113215"),
        (1, MOST + 1, "version: must be at most 9006099743113215"),
        (1, i64::MAX, "version: must be from 1 to"),
        (1, 0, "version: must be from 1 to"),
    ] {
        let refused = import(&line(id, version));
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains(says), "{says}: {}", refused.stderr);
    }
    assert_eq!(sandbox.count("users"), 0);
    let taken = import(&line(MOST, MOST));
    assert_eq!(taken.code, Some(0), "{taken:?}");
    let server = sandbox.serve();
    let bob = json!({"name": "Bob", "email": "bob@example.org"});
    let created = server.client().post("/users", &bob);
    assert_eq!(created.json()["id"], MOST + 1, "{created:?}");
}

/// The tables refuse what no program of this version writes.
#[test]
fn the_schema_knows_the_limits() {
    let mut sandboxes = vec![Sandbox::new()];
    sandboxes.extend(Sandbox::on_server(Engine::MariaDb));
    for sandbox in sandboxes {
        migrated(&sandbox);
        insert(&sandbox, 7, LAST);
        for (table, column, value) in [
            ("users", "version", LAST + 1),
            ("users", "version", 0),
            ("users", "updated_at", 253_402_128_000_000_001),
            ("users", "created_at", -62_135_596_800_000_001),
            ("posts", "version", LAST + 1),
            ("posts", "updated_at", 253_402_128_000_000_001),
            ("posts", "created_at", -62_135_596_800_000_001),
        ] {
            let statement = format!("UPDATE {table} SET {column} = {value}");
            let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                sandbox.execute(&statement);
            }));
            assert!(refused.is_err(), "{statement}");
        }
    }
}
