//! SIGTERM and SIGINT: what was accepted is finished, and nothing new begun.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::support::{PATIENCE, Sandbox, Server, is_full, on_each_engine, wait_for};

/// A server whose requests are all handled by one thread, one after the other.
fn one_worker(sandbox: &Sandbox) -> Server {
    let mut byline = sandbox.byline();
    byline
        .env("BYLINE_WORKERS", "1")
        .env("BYLINE_REQUEST_DEADLINE", "60s");
    Server::start(byline)
}

/// Sends requests that wait for the database, and returns when the server has
/// them.
fn in_flight(server: &Server, count: usize) -> Vec<TcpStream> {
    let send = |number| {
        let body = json!({"name": "Ada", "email": format!("ada{number}@example.org")}).to_string();
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "POST /users HTTP/1.1\r\nhost: byline\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        stream
    };
    let streams = (0..count).map(send).collect();
    // The worker takes up connections in order and polls them in turn: when the
    // second of two later requests is answered, it has read these.
    for _ in 0..2 {
        assert_eq!(server.client().get("/livez").status, 200);
    }
    streams
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn count_users(sandbox: &Sandbox) -> usize {
    let count = |row: &rusqlite::Row| row.get::<_, i64>(0);
    let users = sandbox
        .sqlite()
        .query_row("SELECT count(*) FROM users", (), count);
    usize::try_from(users.unwrap()).unwrap()
}

on_each_engine! {
    a_server_without_an_admin_listener_ends_well,
}

/// Whoever holds the store last lets go of it in another place then.
fn a_server_without_an_admin_listener_ends_well(sandbox: &Sandbox) {
    let mut byline = sandbox.byline();
    byline.env("BYLINE_ADMIN_LISTEN", "off");
    let mut server = Server::start(byline);
    assert_eq!(server.client().get("/users").status, 200);
    server.signal(Signal::TERM);
    assert!(server.wait().success());
}

#[test]
fn what_is_in_flight_is_finished() {
    for signal in [Signal::TERM, Signal::INT] {
        let sandbox = Sandbox::new();
        let mut server = one_worker(&sandbox);
        let lock = sandbox.sqlite();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let waiting = in_flight(&server, 20);
        server.signal(signal);
        wait_for("the server to stop listening", || {
            TcpStream::connect(server.address()).err()
        });
        assert!(server.runs());
        lock.execute_batch("ROLLBACK").unwrap();
        for stream in waiting {
            let answer = answer(stream);
            assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        }
        assert_eq!(server.wait().code(), Some(0));
        assert_eq!(count_users(&sandbox), 20);
    }
}

/// The longest that the end may take with a database that works.
const LONGEST_END: Duration = Duration::from_secs(10);

/// How often each signal is sent under load; 20 times with `BYLINE_TEST_FULL=1`.
fn rounds() -> usize {
    if is_full() { 20 } else { 2 }
}

#[test]
fn under_load_every_write_that_happens_is_answered() {
    let signals = [Signal::TERM, Signal::INT];
    for signal in signals.into_iter().cycle().take(2 * rounds()) {
        let sandbox = Sandbox::new();
        let mut server = sandbox.serve();
        let acknowledged = AtomicUsize::new(0);
        thread::scope(|scope| {
            for reader in 0..8 {
                let client = server.client();
                // Half of them with a connection for each request.
                let headers: &[_] = match reader % 2 {
                    0 => &[("connection", "close")],
                    _ => &[],
                };
                scope.spawn(move || {
                    while let Ok(answer) = client.try_send("GET", "/users?limit=1", headers, None) {
                        assert_eq!(answer.status, 200, "{answer:?}");
                    }
                });
            }
            for writer in 0..8 {
                let (client, acknowledged) = (server.client(), &acknowledged);
                scope.spawn(move || {
                    for number in 0.. {
                        let email = format!("ada{writer}.{number}@example.org");
                        let body = json!({"name": "Ada", "email": email});
                        match client.try_send("POST", "/users", &[], Some(&body)) {
                            Ok(answer) if answer.status == 201 => {
                                acknowledged.fetch_add(1, Ordering::Relaxed)
                            }
                            Ok(answer) => panic!("{answer:?}"),
                            Err(_) => break,
                        };
                    }
                });
            }
            wait_for("some load", || {
                (acknowledged.load(Ordering::Relaxed) >= 200).then_some(())
            });
            server.signal(signal);
            let told = Instant::now();
            assert_eq!(server.wait().code(), Some(0));
            assert!(told.elapsed() < LONGEST_END, "{:?}", told.elapsed());
        });
        assert_eq!(count_users(&sandbox), acknowledged.load(Ordering::Relaxed));
    }
}

#[test]
fn a_second_signal_forces_the_end() {
    for (first, second, code) in [
        (Signal::TERM, Signal::INT, 130),
        (Signal::INT, Signal::TERM, 143),
    ] {
        let sandbox = Sandbox::new();
        let mut server = one_worker(&sandbox);
        let lock = sandbox.sqlite();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        let waiting = in_flight(&server, 3);
        server.signal(first);
        wait_for("the server to stop listening", || {
            TcpStream::connect(server.address()).err()
        });
        assert!(server.runs());
        server.signal(second);
        // While the lock is still held.
        assert_eq!(server.wait().code(), Some(code));
        drop(waiting);
        lock.execute_batch("ROLLBACK").unwrap();
        assert_eq!(count_users(&sandbox), 0);
    }
}

#[test]
fn a_hangup_ends_nothing() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.serve();
    let client = server.client();
    for _ in 0..3 {
        server.signal(Signal::HUP);
        assert_eq!(client.get("/users").status, 200);
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let log = server.killed();
    assert!(log.contains("SIGHUP"), "{log}");
}

#[test]
fn an_idle_connection_holds_nobody_up() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.serve();
    let client = server.client();
    assert_eq!(client.get("/users").status, 200);
    let silent = TcpStream::connect(server.address()).unwrap();
    assert_eq!(client.get("/users").status, 200);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    drop(silent);
}
