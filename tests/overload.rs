//! More requests than the database can take. To make it slow, the tests hold
//! its write lock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde_json::json;

use crate::support::{Client, Sandbox, Server, wait_for};

const CLIENTS: usize = 32;

/// What came back from a flood of writes.
#[derive(Default)]
struct Tally {
    created: AtomicUsize,
    refused: AtomicUsize,
}

/// Creates users until it is time to stop. Nothing but 201 and 503 comes back.
fn flood(client: &Client, name: usize, stop: &AtomicBool, tally: &Tally) {
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let email = format!("ada{name}.{number}@example.org");
        let answer = client.post("/users", &json!({"name": "Ada", "email": email}));
        match answer.status {
            201 => tally.created.fetch_add(1, Ordering::Relaxed),
            503 => {
                assert_eq!(answer.problem(), "queue-full", "{answer:?}");
                let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
                assert!(seconds > 0);
                tally.refused.fetch_add(1, Ordering::Relaxed)
            }
            _ => panic!("{answer:?}"),
        };
    }
}

#[test]
fn a_full_queue_refuses_at_once_and_the_service_stays_itself() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline
        .env("BYLINE_POOL_SIZE", "1")
        .env("BYLINE_QUEUE_LENGTH", "2");
    let server = Server::start(byline);
    let (stop, tally) = (AtomicBool::new(false), Tally::default());
    let lock = sandbox.sqlite();
    thread::scope(|scope| {
        for name in 0..CLIENTS {
            let (client, stop, tally) = (server.client(), &stop, &tally);
            scope.spawn(move || flood(&client, name, stop, tally));
        }
        let refusals = |wanted: usize| {
            let wanted = wanted + tally.refused.load(Ordering::Relaxed);
            wait_for("refusals", || {
                (tally.refused.load(Ordering::Relaxed) >= wanted).then_some(())
            });
        };
        // Connections and buffers have grown as far as they will.
        refusals(200);
        let before = Size::of(&server);
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        refusals(1_000);
        let client = server.client();
        assert_eq!(client.get("/livez").status, 200);
        assert_eq!(client.get("/readyz").status, 200);
        before.assert_same(&server);
        lock.execute_batch("ROLLBACK").unwrap();
        stop.store(true, Ordering::Relaxed);
    });
    let client = server.client();
    let body = json!({"name": "Ada", "email": "ada@example.org"});
    assert_eq!(client.post("/users", &body).status, 201);
    let created = tally.created.load(Ordering::Relaxed) + 1;
    assert_eq!(client.walk("/users?limit=100").len(), created);
}

#[test]
fn an_answer_comes_by_the_deadline_and_what_was_refused_never_happens() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline.env("BYLINE_REQUEST_DEADLINE", "100ms");
    let server = Server::start(byline);
    let client = server.client();
    let lock = sandbox.sqlite();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 0..3 {
        let email = format!("ada{number}@example.org");
        // While the lock is still held.
        let answer = client.post("/users", &json!({"name": "Ada", "email": email}));
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (503, "deadline-exceeded")
        );
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
    }
    // Reads do not wait for writes.
    assert_eq!(client.get("/users").status, 200);
    lock.execute_batch("ROLLBACK").unwrap();
    let body = json!({"name": "Ada", "email": "ada@example.org"});
    // With a key: one that takes longer than the deadline may be stored all the same.
    let key = [("Idempotency-Key", "ada")];
    let created = wait_for("the writer", || {
        let answer = client.send("POST", "/users", &key, Some(&body));
        (answer.status == 201).then_some(answer)
    });
    assert_eq!(client.get("/users").json(), json!([created.json()]));
}

/// How much of the machine a server takes.
#[cfg(target_os = "linux")]
struct Size {
    threads: u64,
    kibibytes: u64,
}

#[cfg(target_os = "linux")]
impl Size {
    fn of(server: &Server) -> Self {
        Self {
            threads: server.status("Threads"),
            kibibytes: server.status("VmRSS"),
        }
    }

    /// The allocator may take a little more at any time; a queue that grows
    /// would take far more than that.
    fn assert_same(&self, server: &Server) {
        let now = Self::of(server);
        assert_eq!(now.threads, self.threads);
        let growth = now.kibibytes.saturating_sub(self.kibibytes);
        assert!(growth < 16 * 1024, "grown by {growth} KiB");
    }
}

/// Elsewhere there is nothing to read it from.
#[cfg(not(target_os = "linux"))]
struct Size;

#[cfg(not(target_os = "linux"))]
impl Size {
    fn of(_: &Server) -> Self {
        Self
    }

    fn assert_same(&self, _: &Server) {}
}
