//! Behaviour of connections: bodies that do not arrive, responses without a body, and
//! when connections are closed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, rt};
use byline_http::{Api, Settings, configure, request_context};

use crate::support::{ada, api_with, session, settings, untouched, users};

/// A server on its own port.
struct Server {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Server {
    fn start(api: Api) -> Self {
        let server = HttpServer::new(move || {
            App::new()
                .wrap(request_context(&api))
                .configure(configure(&api))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        rt::spawn(server);
        Self { address, handle }
    }

    /// Sends `request` unchanged and returns everything up to the end of the connection.
    async fn talk(&self, request: impl Into<Vec<u8>>) -> String {
        self.talk_until(request, "\0").await
    }

    /// Like [`talk`](Self::talk), but closes the connection once `last` has arrived.
    async fn talk_until(&self, request: impl Into<Vec<u8>>, last: &'static str) -> String {
        let (address, request) = (self.address, request.into());
        rt::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(30)))
                .unwrap();
            stream.write_all(&request).unwrap();
            let (mut answer, mut buffer) = (String::new(), [0; 4096]);
            while !answer.contains(last) {
                match stream.read(&mut buffer).unwrap() {
                    0 => break,
                    some => answer.push_str(str::from_utf8(&buffer[..some]).unwrap()),
                }
            }
            answer
        })
        .await
        .unwrap()
    }

    async fn stop(self) {
        self.handle.stop(false).await;
    }
}

fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

/// Returns the status line and those headers that are the same in all responses.
fn head(answer: &str) -> Vec<String> {
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head
        .lines()
        .filter(|line| !line.starts_with("date:") && !line.starts_with("x-request-id:"))
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines
}

#[actix_web::test]
async fn head_is_get_without_the_body() {
    let server = Server::start(users(ada(1)));
    for path in [
        "/users/1",
        "/",
        "/livez",
        "/nonsense",
        "/users/abc",
        "/problems/not-found",
    ] {
        let (get, without) = (
            server.talk(request("GET", path)).await,
            server.talk(request("HEAD", path)).await,
        );
        assert_eq!(head(&get), head(&without), "{path}");
        assert!(
            head(&get)
                .iter()
                .any(|line| line.starts_with("content-length:"))
        );
        assert!(without.ends_with("\r\n\r\n"), "{without}");
        assert!(!get.ends_with("\r\n\r\n"));
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_chunked_body_over_the_limit_is_refused() {
    let server = Server::start(untouched());
    let head = "POST /users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", 65_536, " ".repeat(65_536));
    // One chunk too many: the server does not wait for the end of the body.
    let over = format!("{head}{}", chunk.repeat(17));
    let answer = server.talk_until(over, "body-too-large").await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    server.stop().await;
}

#[actix_web::test]
async fn a_missing_body_times_out() {
    let settings = Settings {
        request_deadline: Duration::from_millis(50),
        ..settings()
    };
    let store = byline_application::testing::ImmediateStore::new(session(
        ada(1),
        crate::support::MockPosts::new(),
    ));
    let server = Server::start(api_with(std::sync::Arc::new(store), settings));
    let begun = "POST /users HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let answer = server.talk(begun).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"code\":\"request-timeout\""));
    assert!(answer.contains("connection: close"));
    server.stop().await;
}

#[actix_web::test]
async fn a_draining_server_closes_connections() {
    let api = users(ada(1));
    let server = Server::start(api.clone());
    api.start_draining();
    let answer = server
        .talk("GET /users/1 HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("connection: close"));
    server.stop().await;
}

#[actix_web::test]
async fn a_panic_leaves_the_connection_alive() {
    let server = Server::start(untouched());
    let twice = format!(
        "GET /users/1 HTTP/1.1\r\nhost: x\r\n\r\n{}",
        request("GET", "/livez")
    );
    let answers = server.talk(twice).await;
    assert!(answers.starts_with("HTTP/1.1 500 "), "{answers}");
    assert!(answers.contains("\"code\":\"internal-error\""));
    assert!(answers.contains("HTTP/1.1 200 OK"));
    server.stop().await;
}
