//! Requests that no well-meaning client sends, as bytes. None may be answered
//! 5xx or harm the next client.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{Answer, Sandbox, Server, raw};

/// A request with a body, to be answered on a connection that ends then.
fn post(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    with_body(
        &format!("content-type: application/json\r\ncontent-length: {length}\r\n{headers}"),
        body,
    )
}

fn with_body(headers: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("POST /users HTTP/1.1\r\nhost: byline\r\nconnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn get(target: impl AsRef<[u8]>) -> Vec<u8> {
    let end = b" HTTP/1.1\r\nhost: byline\r\nconnection: close\r\n\r\n";
    [b"GET ", target.as_ref(), end.as_slice()].concat()
}

/// `size` bytes in chunks (RFC 9112 section 7.1).
fn chunked(size: usize) -> Vec<u8> {
    let chunk = [b"1000\r\n".as_slice(), &[b' '; 0x1000], b"\r\n"].concat();
    let mut body = chunk.repeat(size / 0x1000);
    body.extend(b"0\r\n\r\n");
    body
}

fn status(answer: &str) -> u16 {
    let line = answer
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| answer.strip_prefix("HTTP/1.0 "));
    let Some(line) = line else {
        panic!("no answer but {answer:?}");
    };
    line[..3].parse().unwrap()
}

fn assert_unharmed(server: &Server) {
    let answer: Answer = server.client().get("/users");
    assert_eq!((answer.status, answer.text.as_str()), (200, "[]"));
}

/// Sends each request on a connection of its own and expects its status.
fn assert_answers(requests: Vec<(&str, Vec<u8>, u16)>) {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    for (what, request, expected) in requests {
        let answer = raw(server.address(), &request);
        assert_eq!(status(&answer), expected, "{what}: {answer}");
        assert_unharmed(&server);
    }
}

#[test]
fn malformed_heads() {
    let head = |line: &str, headers: &str| {
        format!("{line}\r\n{headers}connection: close\r\n\r\n").into_bytes()
    };
    assert_answers(vec![
        (
            "a lone CR in a header",
            head("GET /users HTTP/1.1", "host: byline\r\nx: a\rb\r\n"),
            400,
        ),
        (
            "a NUL in a header",
            head("GET /users HTTP/1.1", "host: byline\r\nx: a\0b\r\n"),
            400,
        ),
        (
            "a folded header",
            head("GET /users HTTP/1.1", "host: byline\r\nx: a\r\n b\r\n"),
            400,
        ),
        (
            "a header without a name",
            head("GET /users HTTP/1.1", "host: byline\r\n: x\r\n"),
            400,
        ),
        ("no Host", head("GET /users HTTP/1.1", ""), 400),
        (
            "two Hosts",
            head("GET /users HTTP/1.1", "host: a\r\nhost: b\r\n"),
            400,
        ),
        (
            "an HTTP of the future",
            head("GET /users HTTP/9.9", "host: byline\r\n"),
            400,
        ),
        ("no version", head("GET /users", "host: byline\r\n"), 400),
        (
            "a TLS handshake",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(),
            400,
        ),
        (
            "an unknown method",
            head("BREW /users HTTP/1.1", "host: byline\r\n"),
            405,
        ),
        (
            "a method in lower case",
            head("get /users HTTP/1.1", "host: byline\r\n"),
            405,
        ),
        (
            "OPTIONS of everything",
            head("OPTIONS * HTTP/1.1", "host: byline\r\n"),
            204,
        ),
        (
            "two thousand headers",
            head(
                "GET /users HTTP/1.1",
                &format!("host: byline\r\n{}", "x: y\r\n".repeat(2_000)),
            ),
            431,
        ),
        (
            "a header of a mebibyte",
            head(
                "GET /users HTTP/1.1",
                &format!("host: byline\r\nx: {}\r\n", "y".repeat(1 << 20)),
            ),
            431,
        ),
    ]);
}

#[test]
fn malformed_targets() {
    assert_answers(vec![
        ("bytes beyond ASCII", get(b"/users/\xff\xfe"), 400),
        ("no UTF-8, encoded", get("/users/%ff%fe"), 404),
        ("a NUL, encoded", get("/users/%00"), 404),
        ("half an escape", get("/users/%4"), 404),
        ("dots", get("/users/../../etc/passwd"), 404),
        (
            "a line break, encoded",
            get("/nowhere%0d%0aset-cookie:%20a=b"),
            404,
        ),
        ("an id beyond all ids", get("/users/9007199254740992"), 404),
        (
            "an id beyond 64 bits",
            get("/users/99999999999999999999999"),
            404,
        ),
        ("a negative id", get("/users/-1"), 404),
        ("no UTF-8 in the query", get("/users?cursor=%ff%fe"), 400),
        ("a parameter twice", get("/users?limit=1&limit=2"), 400),
        (
            "two thousand parameters",
            get(format!("/users?{}", "a=b&".repeat(2_000))),
            400,
        ),
        ("a long path", get(format!("/{}", "a".repeat(10_000))), 414),
        (
            "a very long path",
            get(format!("/{}", "a".repeat(100_000))),
            400,
        ),
    ]);
}

#[test]
fn malformed_framing() {
    let body = br#"{"name": "Ada", "email": "ada@example.org"}"#;
    assert_answers(vec![
        (
            "a length and chunks",
            with_body("content-length: 43\r\ntransfer-encoding: chunked\r\n", body),
            400,
        ),
        (
            "two lengths",
            with_body("content-length: 43\r\ncontent-length: 44\r\n", body),
            400,
        ),
        (
            "a signed length",
            with_body("content-length: +43\r\n", body),
            400,
        ),
        (
            "a length beyond 64 bits",
            with_body("content-length: 99999999999999999999999\r\n", body),
            400,
        ),
        (
            "an unknown transfer coding",
            with_body("transfer-encoding: shrink\r\n", body),
            400,
        ),
        (
            "a chunk of nonsense",
            with_body(
                "content-type: application/json\r\ntransfer-encoding: chunked\r\n",
                b"zz\r\n{}\r\n0\r\n\r\n",
            ),
            400,
        ),
        (
            "too large by its length",
            with_body(
                "content-type: application/json\r\ncontent-length: 1048577\r\n",
                &[b' '; 1_048_577],
            ),
            413,
        ),
        (
            "too large in chunks",
            with_body(
                "content-type: application/json\r\ntransfer-encoding: chunked\r\n",
                &chunked(2 << 20),
            ),
            413,
        ),
        (
            "gzip",
            post(
                "content-encoding: gzip\r\n",
                b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0",
            ),
            415,
        ),
        (
            "brotli",
            post("content-encoding: br\r\n", b"\x0b\x01\x80{}\x03"),
            415,
        ),
        (
            "no media type",
            with_body("content-length: 43\r\n", body),
            415,
        ),
        (
            "another media type",
            with_body("content-type: text/xml\r\ncontent-length: 43\r\n", body),
            415,
        ),
    ]);
}

#[test]
fn malformed_json() {
    assert_answers(vec![
        ("nothing", post("", ""), 400),
        ("half of it", post("", "{\"name\": "), 400),
        ("something behind it", post("", "{} {}"), 400),
        ("no UTF-8", post("", b"{\"name\": \"\xff\xfe\"}"), 400),
        (
            "half a surrogate pair",
            post("", "{\"name\": \"\\ud800\"}"),
            400,
        ),
        ("a byte order mark", post("", "\u{feff}{}"), 400),
        (
            "a hundred thousand brackets",
            post("", "[".repeat(100_000)),
            400,
        ),
        (
            "deep nesting",
            post(
                "",
                format!("{{\"name\": {}{}}}", "[".repeat(5_000), "]".repeat(5_000)),
            ),
            400,
        ),
        ("no object", post("", "[1, 2]"), 422),
        (
            "other types",
            post("", "{\"name\": 1e999999, \"email\": true}"),
            400,
        ),
        (
            "a member twice",
            post(
                "",
                "{\"name\": \"a\", \"name\": \"b\", \"email\": \"a@b.c\"}",
            ),
            422,
        ),
        (
            "ten thousand members",
            {
                let members: Vec<_> = (0..10_000)
                    .map(|number| format!("\"m{number}\": 1"))
                    .collect();
                post("", format!("{{{}}}", members.join(",")))
            },
            422,
        ),
        (
            "a NUL",
            post(
                "",
                "{\"name\": \"a\\u0000b\", \"email\": \"ada@example.org\"}",
            ),
            422,
        ),
        (
            "SQL",
            post(
                "",
                "{\"name\": \"x\", \"email\": \"a'; DROP TABLE users; --@b.c\"}",
            ),
            422,
        ),
    ]);
}

#[test]
fn clients_that_vanish() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let request = post("", br#"{"name": "Ada", "email": "ada@localhost"}"#);
    // Once after each byte.
    for end in 0..request.len() {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(&request[..end]).unwrap();
    }
    assert_unharmed(&server);
}

#[test]
fn many_requests_in_one_go() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let one = b"GET /users HTTP/1.1\r\nhost: byline\r\n\r\n".repeat(200);
    let answers = raw(server.address(), &[one, get("/users")].concat());
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 201);
    assert_unharmed(&server);
}

#[test]
fn whoever_wishes_for_another_protocol_is_told_that_the_connection_ends() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    for protocol in ["h2c", "websocket", "TLS/1.0", "HTTP/2.0"] {
        let request = format!(
            "GET /users HTTP/1.1\r\nhost: byline\r\nupgrade: {protocol}\r\nconnection: upgrade\r\n\r\n"
        );
        let answer = raw(server.address(), request.as_bytes()).to_lowercase();
        assert_eq!(status(&answer.replacen("http", "HTTP", 1)), 200, "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
        assert!(!answer.contains("upgrade"), "{answer}");
    }
}

#[test]
fn a_kept_connection_that_is_given_up_says_so() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let many: String = (0..97).map(|number| format!("x{number}: y\r\n")).collect();
    let many = format!("GET /users HTTP/1.1\r\nhost: byline\r\n{many}\r\n");
    for (nonsense, expected) in [("nonsense : \r\n\r\n", 400), (&many, 431)] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let good = b"GET /users HTTP/1.1\r\nhost: byline\r\n\r\n";
        stream.write_all(good).unwrap();
        // Wait for the answer: what came in one go would be answered in one go.
        let mut answer = Vec::new();
        while !answer.ends_with(b"[]") {
            let mut more = [0; 1024];
            let length = stream.read(&mut more).unwrap();
            assert!(length > 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend(&more[..length]);
        }
        drop(stream.write_all(nonsense.as_bytes()));
        let mut refusal = Vec::new();
        drop(stream.read_to_end(&mut refusal));
        let refusal = String::from_utf8_lossy(&refusal);
        assert_eq!(status(&refusal), expected, "{refusal}");
        assert!(refusal.contains("\r\nconnection: close\r\n"), "{refusal}");
    }
}
