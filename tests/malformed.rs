//! Requests that break HTTP, or that one reader may take for another request
//! than the next one does (RFC 9112 section 11.2): to the service itself, and
//! through nginx and HAProxy, where these are installed.
//!
//! After each case another client asks for something of its own. If the bytes
//! of the case had got out of step with what a proxy and the service make of
//! them, that client would be given an answer that is not its own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::support::{PATIENCE, Sandbox, Server};

mod cases;
pub(crate) mod proxies;

use proxies::{Haproxy, Nginx};

/// What the request asks for that stands where a body is, or behind one.
const SMUGGLED: &str = "smuggled-4f1c";

/// Sends the bytes, and no more, and gives all that comes back.
fn exchange(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The other side may have had enough before it has read everything.
    drop(stream.write_all(bytes));
    drop(stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    answer
}

/// The status of each answer in what came back. Bodies are told by their
/// length, so that a status line within one is not taken for an answer.
fn statuses(mut bytes: &[u8]) -> Result<Vec<u16>, String> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.ok_or("a head without an end")?;
        let head = std::str::from_utf8(&bytes[..end]).map_err(|error| error.to_string())?;
        bytes = &bytes[end + 4..];
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let status: u16 = line
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| line.strip_prefix("HTTP/1.0 "))
            .and_then(|rest| rest.get(..3)?.parse().ok())
            .ok_or_else(|| format!("no status in {line:?}"))?;
        let length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim().parse::<usize>());
        if status >= 200 {
            found.push(status);
        }
        match length {
            Some(Ok(length)) if length <= bytes.len() => bytes = &bytes[length..],
            // `HEAD` has no body whatever its length.
            Some(_) => break,
            None if status == 204 || status == 304 || status < 200 => {}
            // To the end of the connection.
            None => break,
        }
    }
    Ok(found)
}

/// An innocent client that comes after each case.
fn assert_in_step(address: &str, case: &str, number: usize) {
    let id = format!("innocent-{number}");
    let request = format!(
        "GET /problems/not-found HTTP/1.1\r\nhost: byline\r\nx-request-id: {id}\r\n\
         accept: application/json\r\nconnection: close\r\n\r\n"
    );
    let answer = exchange(address, request.as_bytes());
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.starts_with("HTTP/1.1 200 "),
        "after {case}: {answer}"
    );
    assert!(
        answer.contains(&format!("x-request-id: {id}\r\n")),
        "after {case}: {answer}"
    );
}

/// How one way to the service took the cases.
fn run(address: &str, direct: bool) {
    let cases = cases::all();
    assert!(cases.len() >= 200, "only {} cases", cases.len());
    for (number, (case, bytes)) in cases.iter().enumerate() {
        let answer = exchange(address, bytes);
        let text = String::from_utf8_lossy(&answer);
        if !direct && !answer.starts_with(b"HTTP/") {
            // Nothing, or an answer in HTTP/0.9, which has no head.
            assert!(!text.contains("HTTP/1."), "{case}: {text}");
            assert_in_step(address, case, number);
            continue;
        }
        let found = statuses(&answer).unwrap_or_else(|error| panic!("{case}: {error} in {text}"));
        if direct {
            // A proxy has failures of its own; they carry no request id.
            assert!(
                found.iter().all(|status| *status < 500),
                "{case}: {found:?}"
            );
            // Where one request ends is not known once its framing is refused.
            let refused = text.find("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n");
            let rest = refused.map_or("", |refused| &text[refused + 12..]);
            assert!(!rest.contains("HTTP/1.1 "), "{case} is read on: {text}");
        } else {
            let heads = text
                .split("HTTP/1.1 ")
                .filter_map(|answer| answer.split("\r\n\r\n").next());
            for head in heads.filter(|head| head.starts_with('5')) {
                let ours = head.to_ascii_lowercase().contains("x-request-id:");
                assert!(!ours, "{case}: {text}");
            }
        }
        assert_in_step(address, case, number);
    }
}

fn serve(sandbox: &Sandbox) -> Server {
    let mut byline = sandbox.byline();
    // Bodies that never end are given up sooner.
    byline.env("BYLINE_REQUEST_DEADLINE", "500ms");
    Server::start(byline)
}

#[test]
fn to_the_service_itself() {
    let sandbox = Sandbox::new();
    let server = serve(&sandbox);
    run(server.address(), true);
    assert_eq!(server.client().get("/users").text, "[]");
}

#[test]
fn through_nginx() {
    let sandbox = Sandbox::new();
    let server = serve(&sandbox);
    if let Some(nginx) = Nginx::start(&sandbox, server.address()) {
        run(nginx.address(), false);
    }
}

#[test]
fn through_haproxy() {
    let sandbox = Sandbox::new();
    let server = serve(&sandbox);
    if let Some(haproxy) = Haproxy::start(&sandbox, server.address()) {
        run(haproxy.address(), false);
    }
}

#[test]
fn answers_are_counted_right() {
    let one = b"HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\nHTTP/1.1 500 Oops".as_slice();
    let both = [
        one,
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
    ]
    .concat();
    assert_eq!(statuses(&both), Ok(vec![200, 400]));
    assert!(statuses(b"nonsense\r\n\r\n").is_err());
    let continued = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n";
    assert_eq!(statuses(continued), Ok(vec![201]));
}
