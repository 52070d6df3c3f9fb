//! `kill -9`, again and again, while many clients write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::support::{Client, Ended, Sandbox, on_each_engine, wait_for};

const WRITERS: usize = 16;

/// What the clients know. Each row has a text of its own: a user its e-mail
/// address, a post its title.
#[derive(Default)]
struct Ledger {
    users: BTreeMap<i64, Value>,
    posts: BTreeMap<i64, Value>,
    /// Asked for, and never answered: it may have happened or not.
    in_doubt: BTreeSet<String>,
}

/// Writes until the server is gone: a user, then a post of it, and so on.
fn write(client: &Client, name: &str, ledger: &Mutex<Ledger>, written: &AtomicUsize) {
    for number in 0.. {
        let email = format!("{name}.{number}@example.org");
        let user = json!({"name": name, "email": email});
        let Some(user) = create(client, "/users", &user, &email, ledger) else {
            return;
        };
        let id = user["id"].as_i64().unwrap();
        ledger.lock().unwrap().users.insert(id, user);
        written.fetch_add(1, Ordering::Relaxed);

        let title = format!("{name}.{number}");
        let post = json!({"user_id": id, "title": title, "content": "…"});
        let Some(post) = create(client, "/posts", &post, &title, ledger) else {
            return;
        };
        ledger
            .lock()
            .unwrap()
            .posts
            .insert(post["id"].as_i64().unwrap(), post);
        written.fetch_add(1, Ordering::Relaxed);
    }
}

fn create(
    client: &Client,
    path: &str,
    body: &Value,
    text: &str,
    ledger: &Mutex<Ledger>,
) -> Option<Value> {
    match client.try_send("POST", path, &[], Some(body)) {
        Ok(answer) if answer.status == 201 => Some(answer.json()),
        Ok(answer) => panic!("{answer:?}"),
        Err(_) => {
            ledger.lock().unwrap().in_doubt.insert(text.to_owned());
            None
        }
    }
}

impl Ledger {
    /// Every acknowledged row is there as it was acknowledged, and every other
    /// row is one in doubt; none is there twice.
    fn compare(&self, sandbox: &Sandbox) {
        for (acknowledged, text, query) in [
            (
                &self.users,
                "email",
                "SELECT concat_ws(' ', id, email) FROM users",
            ),
            (
                &self.posts,
                "title",
                "SELECT concat_ws(' ', id, title) FROM posts",
            ),
        ] {
            let rows = sandbox.column(query);
            let rows = rows.iter().map(|row| row.split_once(' ').unwrap());
            let stored: BTreeMap<i64, String> = rows
                .map(|(id, text)| (id.parse().unwrap(), text.to_owned()))
                .collect();
            for (id, row) in acknowledged {
                assert_eq!(
                    stored.get(id).map(String::as_str),
                    row[text].as_str(),
                    "lost: {row}"
                );
            }
            let texts: BTreeSet<_> = stored.values().collect();
            assert_eq!(texts.len(), stored.len(), "there are rows twice");
            for (id, text) in stored {
                assert!(
                    acknowledged.contains_key(&id) || self.in_doubt.contains(&text),
                    "nobody wrote {text}"
                );
            }
        }
    }
}

on_each_engine! {
    no_acknowledged_write_is_lost_and_none_is_there_twice,
}

fn no_acknowledged_write_is_lost_and_none_is_there_twice(sandbox: &Sandbox) {
    let rounds = if sandbox.is_on_server() { 20 } else { 50 };
    let ledger = Mutex::new(Ledger::default());
    for round in 0..rounds {
        let mut server = sandbox.serve();
        assert_eq!(server.client().get("/readyz").status, 200);
        ledger.lock().unwrap().compare(sandbox);
        let written = AtomicUsize::new(0);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (client, ledger, written) = (server.client(), &ledger, &written);
                scope
                    .spawn(move || write(&client, &format!("w{writer}.r{round}"), ledger, written));
            }
            // A different moment in each round.
            let enough = 30 + round * 37 % 100;
            wait_for("some writes", || {
                (written.load(Ordering::Relaxed) >= enough).then_some(())
            });
            server.killed();
        });
    }
    let ledger = ledger.into_inner().unwrap();
    let server = sandbox.serve();
    ledger.compare(sandbox);
    for (path, acknowledged) in [
        ("/users?limit=100", &ledger.users),
        ("/posts?limit=100", &ledger.posts),
    ] {
        let served = server.client().walk(path);
        let served: BTreeMap<_, _> = served
            .into_iter()
            .map(|row| (row["id"].as_i64().unwrap(), row))
            .collect();
        for (id, row) in acknowledged {
            assert_eq!(served.get(id), Some(row));
        }
    }
    let said = Ended::well(sandbox.bylinectl(&["check"]));
    assert!(said.ends_with(" is sound\n"), "{said}");
    let orphans = "SELECT id FROM posts WHERE user_id NOT IN (SELECT id FROM users)";
    assert!(sandbox.column(orphans).is_empty());
    if !sandbox.is_on_server() {
        assert_eq!(sandbox.column("PRAGMA integrity_check"), ["ok"]);
    }
}
