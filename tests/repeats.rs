//! A request with a key has one effect, however often it comes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::races::at_once;
use crate::support::{Answer, Client, Sandbox, Server, on_each_engine, wait_for};

fn create(client: &Client, key: &str) -> Answer {
    client.send(
        "POST",
        "/users",
        &[("idempotency-key", key)],
        Some(&user(key)),
    )
}

fn user(key: &str) -> Value {
    json!({"name": key, "email": format!("{key}@example.org")})
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

/// Sends each of 200 requests 64 times at once, over all these servers of one
/// database, and asserts that it has one effect.
pub(crate) fn assert_one_effect_each(servers: &[Server], keys: usize) {
    const CLIENTS: usize = 64;
    let start = Barrier::new(CLIENTS);
    let next = AtomicUsize::new(0);
    let answers = at_once(
        CLIENTS,
        || servers[next.fetch_add(1, Ordering::Relaxed) % servers.len()].client(),
        |client, _| {
            let one = |key| {
                start.wait();
                create(client, &format!("k{key}"))
            };
            (0..keys).map(one).collect::<Vec<_>>()
        },
    );
    for key in 0..keys {
        let (mut firsts, mut bodies) = (0, Vec::new());
        for answer in answers.iter().map(|of_client| &of_client[key]) {
            match answer.status {
                201 => {
                    firsts += usize::from(!is_replay(answer));
                    bodies.push((answer.json(), answer.header("location")));
                }
                409 => assert_eq!(answer.problem(), "key-in-use"),
                other => panic!("{other}: {answer:?}"),
            }
        }
        assert_eq!(firsts, 1, "key {key}");
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
    }
    let users = servers[0].client().walk("/users?limit=100");
    assert_eq!(users.len(), keys);
}

#[test]
fn sixty_four_at_once_have_one_effect() {
    let sandbox = Sandbox::new();
    assert_one_effect_each(&[sandbox.serve()], 200);
    assert_eq!(sandbox.count("idempotency_keys"), 200);
}

on_each_engine! {
    after_a_crash_the_first_answer_is_given_again,
    a_commit_that_was_seen_is_replayed,
    a_failure_leaves_no_key_behind,
    answers_are_forgotten_after_a_day,
}

/// The server is killed while many answers are on their way; whoever got none,
/// or got one, asks again.
fn after_a_crash_the_first_answer_is_given_again(sandbox: &Sandbox) {
    const ROUNDS: usize = 12;
    const CLIENTS: usize = 16;
    let mut asked = 0;
    for round in 0..ROUNDS {
        let mut server = sandbox.serve();
        let heard = Mutex::new(BTreeMap::new());
        let written = AtomicUsize::new(0);
        thread::scope(|scope| {
            for number in 0..CLIENTS {
                let (client, heard, written) = (server.client(), &heard, &written);
                scope.spawn(move || {
                    for request in 0.. {
                        let key = format!("r{round}.c{number}.{request}");
                        let keyed = [("idempotency-key", key.as_str())];
                        let answer = client.try_send("POST", "/users", &keyed, Some(&user(&key)));
                        let body = answer.ok().map(|answer| {
                            assert_eq!(answer.status, 201, "{answer:?}");
                            answer.json()
                        });
                        let ended = body.is_none();
                        heard.lock().unwrap().insert(key, body);
                        written.fetch_add(1, Ordering::Relaxed);
                        if ended {
                            return;
                        }
                    }
                });
            }
            let enough = 20 + round * 31 % 100;
            wait_for("some writes", || {
                (written.load(Ordering::Relaxed) >= enough).then_some(())
            });
            server.killed();
        });
        let heard = heard.into_inner().unwrap();
        assert!(heard.values().filter(|body| body.is_none()).count() >= CLIENTS);
        sandbox.settle();
        let effects: BTreeSet<_> = sandbox
            .column("SELECT name FROM users")
            .into_iter()
            .collect();
        let server = sandbox.serve();
        for (key, first) in &heard {
            let again = create(&server.client(), key);
            assert_eq!(again.status, 201, "{again:?}");
            assert_eq!(is_replay(&again), effects.contains(key), "{key}");
            if let Some(first) = first {
                assert!(effects.contains(key), "{key} was acknowledged and is lost");
                assert_eq!(&again.json(), first);
            }
        }
        asked += heard.len();
        assert_eq!(sandbox.count("users"), asked);
    }
}

/// As soon as a commit is seen from outside, the server is killed; whether the
/// client has heard of it or not, the effect is there once.
fn a_commit_that_was_seen_is_replayed(sandbox: &Sandbox) {
    for round in 0..10 {
        let key = format!("k{round}");
        let mut server = sandbox.serve();
        thread::scope(|scope| {
            let (client, key) = (server.client(), &key);
            scope.spawn(move || {
                let keyed = [("idempotency-key", key.as_str())];
                drop(client.try_send("POST", "/users", &keyed, Some(&user(key))));
            });
            wait_for("the commit", || {
                (sandbox.count("idempotency_keys") > round).then_some(())
            });
            server.killed();
        });
        let server = sandbox.serve();
        let again = create(&server.client(), &key);
        assert!(again.status == 201 && is_replay(&again), "{again:?}");
        let id = again.json()["id"].as_i64().unwrap();
        assert_eq!(again.header("location"), Some(&*format!("/users/{id}")));
        let stored = server.client().get(&format!("/users/{id}"));
        assert_eq!(stored.json(), again.json());
        assert_eq!(sandbox.count("users"), round + 1);
    }
}

fn a_failure_leaves_no_key_behind(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    assert_eq!(client.post("/users", &user("ada")).status, 201);
    let taken = create(&client, "ada");
    assert_eq!(taken.problem(), "email-taken");
    assert_eq!(sandbox.count("idempotency_keys"), 0);
    // The same request with the same key, once it can be done.
    let gone = client.send("DELETE", "/users/1", &[], None);
    assert_eq!(gone.status, 204);
    let created = create(&client, "ada");
    assert!(created.status == 201 && !is_replay(&created));
}

fn answers_are_forgotten_after_a_day(sandbox: &Sandbox) {
    const OLD: usize = 1_234;
    drop(sandbox.serve());
    for (rows, hours) in [(OLD, 25), (3, 23)] {
        let (now, digest) = match sandbox.is_on_server() {
            true => ("unix_timestamp()", "unhex(sha2(concat(n, uuid()), 256))"),
            false => ("unixepoch()", "randomblob(32)"),
        };
        // Servers end a recursion after 1,000 steps.
        let numbers = format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 50)
             SELECT a.n * 50 + b.n AS n FROM n AS a, n AS b LIMIT {rows}"
        );
        sandbox.execute(&format!(
            "INSERT INTO idempotency_keys (key_hash, fingerprint, answer, created_at)
             SELECT {digest}, {digest}, x'7b7d0a', ({now} - 3600 * {hours}) * 1000000
             FROM ({numbers}) AS numbers"
        ));
    }
    let server = sandbox.serve();
    wait_for("the sweeper", || {
        (sandbox.count("idempotency_keys") == 3).then_some(())
    });
    assert_eq!(create(&server.client(), "k").status, 201);
    assert_eq!(sandbox.count("idempotency_keys"), 4);
}
