//! Clients that take their time: each is left, however it goes about it;
//! `scripts/attacks slow` looks at the clock.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{PATIENCE, Sandbox, Server, eventually};

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends `piece` now and again until the server has enough, and gives what it
/// answered meanwhile.
fn dribble(mut stream: TcpStream, piece: &[u8]) -> String {
    let begun = Instant::now();
    let mut reading = stream.try_clone().unwrap();
    let answer = thread::spawn(move || {
        let mut answer = Vec::new();
        // It may end with a reset.
        drop(reading.read_to_end(&mut answer));
        String::from_utf8_lossy(&answer).into_owned()
    });
    while !answer.is_finished() && stream.write_all(piece).is_ok() {
        // Being slow is the point.
        thread::sleep(Duration::from_millis(100));
    }
    drop(stream.shutdown(Shutdown::Both));
    let answer = answer.join().unwrap();
    let taken = begun.elapsed();
    assert!(taken < PATIENCE, "left only after {taken:?}");
    answer
}

#[test]
fn the_first_head() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let mut stream = connect(&server);
    stream.write_all(b"GET /users HTTP/1.1\r\n").unwrap();
    let answer = dribble(stream, b"x-a: b\r\n");
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(server.client().get("/users").status, 200);
}

#[test]
fn the_second_head_on_a_kept_connection() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    for last in [
        &b"GET /livez HTTP/1.1\r\nhost: byline\r\n\r\n"[..],
        // The second head begins in the same segment.
        b"GET /livez HTTP/1.1\r\nhost: byline\r\n\r\nGET /users",
    ] {
        let mut stream = connect(&server);
        stream.write_all(last).unwrap();
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 OK"));
        dribble(stream, b"x");
    }
    assert_eq!(server.client().get("/users").status, 200);
}

#[test]
fn a_body() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    // However long a request may take, its body may not.
    byline.env("BYLINE_REQUEST_DEADLINE", "10m");
    let server = Server::start(byline);
    for framing in ["content-length: 4000", "transfer-encoding: chunked"] {
        for path in ["/users", "/nonsense"] {
            let mut stream = connect(&server);
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: byline\r\n\
                 content-type: application/json\r\n{framing}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            let piece: &[u8] = if framing.starts_with("content") {
                b" "
            } else {
                b"1\r\n \r\n"
            };
            let answer = dribble(stream, piece);
            let status = if path == "/users" { "408" } else { "404" };
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_nobody_reads() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let client = server.client();
    client.post(
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    // More than the buffers of two sockets hold.
    let content = "\u{1f600}".repeat(100_000);
    for number in 0..40 {
        let post = json!({"user_id": 1, "title": number.to_string(), "content": content});
        assert_eq!(client.post("/posts", &post).status, 201);
    }
    let before = server.sockets();
    let mut stream = connect(&server);
    stream
        .write_all(b"GET /posts HTTP/1.1\r\nhost: byline\r\n\r\n")
        .unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    eventually("the server to leave", || server.sockets() <= before);
    // The client learns that this is not all.
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => assert!(rest.len() < 16_000_000, "{}", rest.len()),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[cfg(target_os = "linux")]
#[test]
fn more_connections_than_there_may_be_wait_for_their_turn() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline
        .env("BYLINE_MAX_CONNECTIONS", "4")
        .env("BYLINE_WORKERS", "2");
    let server = Server::start(byline);
    let before = server.sockets();
    let idle: Vec<_> = (0..20).map(|_| connect(&server)).collect();
    eventually("the cap", || server.sockets() >= before + 4);
    // What idles is left after a while, and whoever waits comes to his right.
    assert_eq!(server.client().get("/livez").status, 200);
    assert!(server.sockets() <= before + 4 + 2);
    drop(idle);
}
