//! Small bodies that would unfold to something large, and large ones that are
//! cheap to send: refused, in next to no memory.
//!
//! The compressed ones hold nothing but zeros: 512 MiB (brotli, zstd) and 32 MiB
//! (gzip, deflate).

use std::io::Write;

use crate::support::{Sandbox, Server, raw};

/// How much more memory a bomb may take, at its peak.
const MOST_GROWTH: u64 = 2 * 1024;

/// As many as there are workers and more, so that each has met one.
const TIMES: usize = 8;

fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut request = Vec::new();
    let length = body.len();
    write!(
        request,
        "POST {path} HTTP/1.1\r\nhost: byline\r\ncontent-type: application/json\r\n\
         {headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    request.extend(body);
    request
}

/// Sends the request, and tells how much more memory than before the server had
/// at its peak, in KiB.
#[cfg(target_os = "linux")]
fn growth(server: &Server, what: &str, request: &[u8], status: u16) -> u64 {
    let before = server.status("VmRSS");
    server.forget_peak();
    for _ in 0..TIMES {
        let answer = raw(server.address(), request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{what}: {answer}"
        );
    }
    server.status("VmHWM").saturating_sub(before)
}

#[cfg(target_os = "linux")]
#[test]
fn bombs_are_refused_in_next_to_no_memory() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline.env("BYLINE_WORKERS", "2");
    let server = Server::start(byline);
    let deep = "[".repeat(100_000);
    let closed = format!(
        "{{\"name\": {}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let objects = "{\"a\":".repeat(100_000);
    let members: Vec<_> = (0..10_000)
        .map(|number| format!("\"m{number}\": 1"))
        .collect();
    let members = format!("{{{}}}", members.join(","));
    let operations = format!("{{\"operations\": [{}]}}", vec!["{}"; 10_000].join(","));
    let digits = format!("{{\"user_id\": {}}}", "9".repeat(500_000));
    let cases: [(&str, u16, Vec<u8>); 14] = [
        (
            "brotli",
            415,
            post(
                "/users",
                "content-encoding: br\r\n",
                include_bytes!("bombs/zeros.br"),
            ),
        ),
        (
            "gzip",
            415,
            post(
                "/users",
                "content-encoding: gzip\r\n",
                include_bytes!("bombs/zeros.gz"),
            ),
        ),
        (
            "deflate",
            415,
            post(
                "/users",
                "content-encoding: deflate\r\n",
                include_bytes!("bombs/zeros.zz"),
            ),
        ),
        (
            "zstd",
            415,
            post(
                "/users",
                "content-encoding: zstd\r\n",
                include_bytes!("bombs/zeros.zst"),
            ),
        ),
        (
            "twice compressed",
            415,
            post(
                "/users",
                "content-encoding: gzip, br\r\n",
                include_bytes!("bombs/zeros.br"),
            ),
        ),
        (
            "brotli that says it is none",
            400,
            post(
                "/users",
                "content-encoding: identity\r\n",
                include_bytes!("bombs/zeros.br"),
            ),
        ),
        (
            "brotli to a batch",
            415,
            post(
                "/batch",
                "content-encoding: br\r\n",
                include_bytes!("bombs/zeros.br"),
            ),
        ),
        (
            "arrays 100,000 deep",
            400,
            post("/users", "", deep.as_bytes()),
        ),
        (
            "arrays 100,000 deep, closed",
            400,
            post("/users", "", closed.as_bytes()),
        ),
        (
            "objects 100,000 deep",
            400,
            post("/posts", "", objects.as_bytes()),
        ),
        (
            "arrays 100,000 deep in a batch",
            400,
            post("/batch", "", deep.as_bytes()),
        ),
        (
            "10,000 members",
            422,
            post("/users", "", members.as_bytes()),
        ),
        (
            "10,000 operations",
            422,
            post("/batch", "", operations.as_bytes()),
        ),
        (
            "a number of 500,000 digits",
            400,
            post("/posts", "", digits.as_bytes()),
        ),
    ];
    // Connections, threads and buffers are as they are in use.
    let ordinary = format!(
        "{{\"user_id\": 1, \"title\": \"t\", \"content\": \"{}\"}}",
        "c".repeat(100_000)
    );
    growth(
        &server,
        "ordinary",
        &post("/posts", "", ordinary.as_bytes()),
        409,
    );
    let refused = post("/users", "", b"{}");
    growth(&server, "refused", &refused, 422);
    for (what, status, request) in &cases {
        let grown = growth(&server, what, request, *status);
        assert!(grown < MOST_GROWTH, "{what} takes {grown} KiB");
    }
    assert_eq!(server.client().get("/users").text, "[]");
}
