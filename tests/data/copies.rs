//! Everything moves between engines, and it is proved.

use serde_json::json;

use super::round_trips::populated;
use super::{DEFAULT, HOSTILE, exported, migrated, number};
use crate::support::Ended;
use crate::support::servers::{Engine, dedicated, on_each_server, shared};

on_each_server! {
    there_and_back_is_the_same,
    an_id_that_was_given_is_not_given_again,
}

fn there_and_back_is_the_same(engine: Engine) {
    let Some(server) = dedicated(engine, &[]) else {
        return;
    };
    let url = server.schema().url_text("");
    let source = populated();
    // The last id that was given is nobody's.
    let given = number(
        &source.sqlite(),
        "SELECT seq FROM sqlite_sequence WHERE name = 'posts'",
    );
    let original = exported(&source, DEFAULT);
    let mut migrate = source.bylinectl(&["migrate"]);
    migrate.env("DATABASE_URL", &url);
    Ended::well(migrate);
    let copy = |from: &str, to: &str| {
        let mut copy = source.bylinectl(&["copy"]);
        copy.env("BYLINE_COPY_FROM", from).env("BYLINE_COPY_TO", to);
        Ended::of(copy)
    };
    let there = copy(DEFAULT, &url);
    assert_eq!(there.code, Some(0), "{there:?}");
    let users = 150 + HOSTILE.len();
    let says = format!("{users} users on both sides, equal in 1 ranges; sha256 ");
    assert!(there.stdout.starts_with(&says), "{there:?}");
    assert!(
        exported(&source, &url) == original,
        "what is on the server differs"
    );

    let back = migrated();
    let back_url = format!("sqlite:{}", back.path("byline.db").display());
    let again = copy(&url, &back_url);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(again.stdout, there.stdout);
    assert!(
        exported(&back, DEFAULT) == original,
        "what came back differs"
    );
    let last = number(
        &back.sqlite(),
        "SELECT seq FROM sqlite_sequence WHERE name = 'posts'",
    );
    assert_eq!(last, given);
    for (sandbox, url) in [(&source, url.as_str()), (&back, DEFAULT)] {
        let mut check = sandbox.bylinectl(&["check"]);
        check.env("DATABASE_URL", url);
        Ended::well(check);
    }

    // Hostile text through files as well.
    let mut import = source.bylinectl(&["import", "--users", "all-users.ndjson", "--ids", "new"]);
    import
        .env("DATABASE_URL", &url)
        .args(["--on-conflict", "skip"]);
    assert_eq!(
        Ended::well(import),
        format!("all-users.ndjson: 0 users stored, {users} left out\n")
    );
}

/// The last user of the server is deleted; whoever comes first to the copy is given
/// another id. MySQL tells what comes next as it was up to a day ago, unless told
/// not to.
fn an_id_that_was_given_is_not_given_again(engine: Engine) {
    let Some(server) = shared(engine) else {
        return;
    };
    let schema = server.schema();
    let url = schema.url_text("");
    let target = migrated();
    let run = |arguments: &[&str]| {
        let mut bylinectl = target.bylinectl(arguments);
        bylinectl
            .env("DATABASE_URL", &url)
            .env("BYLINE_COPY_FROM", &url)
            .env("BYLINE_COPY_TO", DEFAULT);
        Ended::well(bylinectl)
    };
    run(&["migrate"]);
    let mut admin = schema.admin();
    // Has it noted how it is now.
    admin.run("SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_NAME = 'users'");
    for id in 1..=3 {
        admin.run(&format!(
            "INSERT INTO users VALUES ({id}, 'N', 'n{id}@example.org', 'n{id}@example.org', 1, 1, 1, NULL)"
        ));
    }
    admin.run("DELETE FROM users WHERE id = 3");
    run(&["copy"]);
    let served = target.serve();
    let new = served.client().post(
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    assert_eq!(new.json()["id"], 4, "{new:?}");
}

#[test]
fn what_differs_is_told() {
    let source = populated();
    let target = migrated();
    let to = format!("sqlite:{}", target.path("byline.db").display());
    let copy = |further: &[&str]| {
        let mut copy = source.bylinectl(&["copy", "--from", DEFAULT, "--to", &to]);
        copy.args(further);
        Ended::of(copy)
    };
    assert_eq!(copy(&[]).code, Some(0));
    // Once more there is nothing to copy, and it is proved again.
    assert_eq!(copy(&[]).code, Some(0));
    let sqlite = source.sqlite();
    sqlite
        .execute("UPDATE posts SET title = 'X' WHERE id = 3", ())
        .unwrap();
    sqlite
        .execute("DELETE FROM posts WHERE id = 7", ())
        .unwrap();
    let ended = copy(&["--verify-only"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let posts = number(&sqlite, "SELECT count(*) FROM posts");
    let says = format!(
        "posts 1 to 99999 differ: {posts} rows against {}\n",
        posts + 1
    );
    assert!(ended.stdout.ends_with(&says), "{ended:?}");
    assert!(ended.stderr.contains("differ as listed"), "{ended:?}");
}

#[test]
fn a_database_in_use_is_not_copied_to() {
    let source = populated();
    let target = migrated();
    Ended::well(target.bylinectl(&["seed", "--users", "1"]));
    let to = format!("sqlite:{}", target.path("byline.db").display());
    let ended = Ended::of(source.bylinectl(&["copy", "--from", DEFAULT, "--to", &to]));
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("copy to an empty one"), "{ended:?}");
    let same = Ended::of(source.bylinectl(&["copy", "--from", DEFAULT, "--to", DEFAULT]));
    assert_eq!(
        same.stderr,
        "bylinectl: `--from` and `--to` name the same database\n"
    );
}
