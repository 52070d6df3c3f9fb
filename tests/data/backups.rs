//! A backup under load, and an import beside a running service.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use super::{DEFAULT, exported, files, migrated, number};
use crate::support::{Client, Ended, Sandbox, eventually};

/// Creates users until told to stop, and notes the ids that were answered.
fn write(client: &Client, name: &str, done: &AtomicBool, answered: &Mutex<BTreeSet<i64>>) {
    for number in 0.. {
        if done.load(Ordering::Relaxed) {
            return;
        }
        let email = format!("{name}.{number}@example.net");
        let answer = client.post("/users", &json!({"name": name, "email": email}));
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["id"].as_i64().unwrap();
        answered.lock().unwrap().insert(id);
    }
}

/// Runs `work` while many clients write; gives what was answered.
fn under_load(sandbox: &Sandbox, work: impl FnOnce(&Mutex<BTreeSet<i64>>)) -> BTreeSet<i64> {
    let server = sandbox.serve();
    let (done, answered) = (AtomicBool::new(false), Mutex::default());
    thread::scope(|scope| {
        for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            let (client, done, answered) = (server.client(), &done, &answered);
            scope.spawn(move || write(&client, name, done, answered));
        }
        work(&answered);
        done.store(true, Ordering::Relaxed);
    });
    answered.into_inner().unwrap()
}

#[test]
fn a_backup_has_every_write_that_was_answered_before_it() {
    let sandbox = Sandbox::new();
    let mut rounds = Vec::new();
    let answered = under_load(&sandbox, |answered| {
        for round in 0..5 {
            let sees = answered.lock().unwrap().len();
            eventually("more writes", || answered.lock().unwrap().len() > sees + 50);
            let before = answered.lock().unwrap().clone();
            let file = format!("backup-{round}.db");
            let told = Ended::well(sandbox.bylinectl(&["backup", &file]));
            assert!(told.starts_with(&format!("wrote {file} (")), "{told}");
            rounds.push((file, before));
        }
    });
    for (file, before) in rounds {
        let restored = Sandbox::new();
        std::fs::copy(sandbox.path(&file), restored.path("byline.db")).unwrap();
        Ended::well(restored.bylinectl(&["check"]));
        let server = restored.serve();
        let found: BTreeSet<i64> = server
            .client()
            .walk("/users?limit=100")
            .iter()
            .map(|user| user["id"].as_i64().unwrap())
            .collect();
        assert!(found.is_superset(&before), "{file} lacks answered writes");
        assert!(found.len() <= answered.len() + 8);
    }
}

#[test]
fn a_backup_is_whole_or_not_there() {
    let sandbox = migrated();
    Ended::well(sandbox.bylinectl(&["backup", "one.db"]));
    let again = Ended::of(sandbox.bylinectl(&["backup", "one.db"]));
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("`--force`"), "{again:?}");
    Ended::well(sandbox.bylinectl(&["backup", "one.db", "--force"]));
    let nowhere = Ended::of(sandbox.bylinectl(&["backup", "no/folder/one.db"]));
    assert_eq!(nowhere.code, Some(1), "{nowhere:?}");
    assert!(
        nowhere
            .stderr
            .contains("no/folder/one.db cannot be written"),
        "{nowhere:?}"
    );
    let names = std::fs::read_dir(sandbox.path("")).unwrap();
    let mut names: Vec<_> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["byline.db", "one.db"]);
}

#[test]
fn an_import_beside_the_service_lets_both_write() {
    let sandbox = Sandbox::new();
    files(&sandbox, 12_000, 1);
    let answered = under_load(&sandbox, |answered| {
        eventually("a few writes", || answered.lock().unwrap().len() > 50);
        Ended::well(sandbox.bylinectl(&["import", "--users", "users.ndjson", "--ids", "new"]));
    });
    let all = number(&sandbox.sqlite(), "SELECT count(*) FROM users");
    assert_eq!(all, 12_000 + i64::try_from(answered.len()).unwrap());
    let (all, _) = exported(&sandbox, DEFAULT);
    assert_eq!(
        all.lines()
            .filter(|line| line.contains("@example.net"))
            .count(),
        answered.len()
    );
    Ended::well(sandbox.bylinectl(&["check"]));
}
