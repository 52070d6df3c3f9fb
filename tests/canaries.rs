//! Secrets sent to every place where one can be sent: none comes out in a log,
//! a metric, or the body of an error.

use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, Server, raw};

/// A password, a key, a token and an e-mail address, by what no other text has.
const PASSWORD: &str = "correct-horse-canary-1";
const KEY: &str = "byl_canary2Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYg";
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkzIn0.canary3";
const EMAIL: &str = "canary4@secret.example";
const CANARIES: [&str; 4] = [PASSWORD, KEY, TOKEN, EMAIL];

fn is_clean(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    // In every writing of it: percent-encoded, escaped, in upper case.
    ["canary-1", "canary2", "canary3", "canary4", "y2fuyxj5"]
        .iter()
        .all(|canary| !text.contains(canary))
}

fn assert_clean(answer: &Answer, what: &str) {
    let error = answer.status >= 400;
    assert!(!error || is_clean(&answer.text), "{what}: {answer:?}");
    assert!(
        answer.status < 500 || answer.status == 503,
        "{what}: {answer:?}"
    );
}

/// Sends one secret everywhere.
fn spread(server: &Server, canary: &str) {
    let client = server.client();
    let bearer = format!("Bearer {canary}");
    let basic = format!("Basic {canary}");
    let cookie = format!("session={canary}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("authorization", &basic),
        ("authorization", canary),
        ("proxy-authorization", &bearer),
        ("cookie", &cookie),
        ("x-api-key", canary),
        ("idempotency-key", canary),
        ("if-match", canary),
        ("if-none-match", canary),
        ("prefer", canary),
        ("accept", canary),
        ("content-type", canary),
        ("content-encoding", canary),
        ("origin", canary),
        ("referer", canary),
        ("user-agent", canary),
        ("forwarded", canary),
        ("x-forwarded-for", canary),
        ("traceparent", canary),
    ];
    let body = json!({"name": "Ada", "email": "ada@example.org"});
    for header in headers {
        for (method, path) in [
            ("GET", "/users"),
            ("GET", "/nonsense"),
            ("POST", "/users"),
            ("PATCH", "/users/1"),
        ] {
            let body = (method != "GET").then_some(&body);
            let answer = client.send(method, path, &[header], body);
            assert_clean(&answer, header.0);
        }
    }
    for parameter in [
        "email",
        "cursor",
        "sort",
        "limit",
        "name.starts",
        "created_at.gte",
        "access_token",
    ] {
        for path in ["/users", "/posts", "/users/1", "/livez", "/nonsense"] {
            assert_clean(
                &client.get(&format!("{path}?{parameter}={canary}")),
                parameter,
            );
        }
    }
    for path in [
        "/users/",
        "/posts/",
        "/problems/",
        "/docs/",
        "/",
        "/users/1/posts/",
    ] {
        for method in ["GET", "DELETE", "PUT"] {
            let path = format!("{path}{canary}");
            let body = (method == "PUT").then_some(&body);
            assert_clean(&client.send(method, &path, &[], body), &path);
        }
    }
    for body in bodies(canary) {
        for (method, path) in [
            ("POST", "/users"),
            ("PUT", "/users/1"),
            ("PATCH", "/posts/1"),
            ("POST", "/posts"),
            ("POST", "/batch"),
        ] {
            assert_clean(
                &client.send(method, path, &[], Some(&body)),
                &body.to_string(),
            );
        }
    }
    for bytes in [
        format!("{canary} /users HTTP/1.1\r\nhost: byline\r\nconnection: close\r\n\r\n"),
        format!("GET /users HTTP/{canary}\r\nhost: byline\r\n\r\n"),
        format!("GET /users HTTP/1.1\r\nhost: {canary}\r\nconnection: close\r\n\r\n"),
        format!("GET http://{canary}/users HTTP/1.1\r\nhost: byline\r\nconnection: close\r\n\r\n"),
        format!("GET /users HTTP/1.1\r\nhost: byline\r\n{canary}\r\n\r\n"),
        format!(
            "POST /users HTTP/1.1\r\nhost: byline\r\ncontent-type: application/json\r\ncontent-length: 500\r\nconnection: close\r\n\r\n{{\"name\": \"{canary}"
        ),
        format!(
            "POST /users HTTP/1.1\r\nhost: byline\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{canary}\r\n"
        ),
    ] {
        let answer = raw(server.address(), bytes.as_bytes());
        let unharmed = answer.starts_with("HTTP/1.1 2") || is_clean(&answer);
        assert!(unharmed, "{answer}");
    }
}

fn bodies(canary: &str) -> Vec<Value> {
    let text = canary.to_owned();
    vec![
        json!(text),
        json!([text]),
        json!({"name": text, "email": text}),
        json!({"name": text, "email": 1}),
        json!({"name": format!("{text}\u{0}"), "email": format!("{text}@")}),
        json!({"user_id": text, "title": text, "content": text}),
        json!({"user_id": 1, "title": format!("{text}\u{7}"), "content": "c"}),
        json!({"name": {"password": text}, "email": [text]}),
        json!({"name": "Ada", "email": "ada@example.org", "password": text}),
        json!({"operations": [{"op": text, "type": text, "ref": text, "data": text}]}),
        json!({"operations": [{"op": "create", "type": "user", "data": {"name": text, "email": text}}]}),
        json!({"operations": [{"op": "create", "type": "post", "data": {"user_id": {"$ref": text}, "title": "t", "content": "c"}}]}),
        json!({"operations": [{"op": "update", "type": "post", "id": 1, "if_match": text, "data": {}}]}),
    ]
}

#[test]
fn no_secret_comes_out() {
    for format in ["json", "text"] {
        let sandbox = Sandbox::new();
        let mut byline = sandbox.byline();
        byline
            .env("BYLINE_LOG", "debug")
            .env("BYLINE_LOG_FORMAT", format)
            .env("BYLINE_LOG_REQUESTS", "true")
            .env("BYLINE_CORS_ORIGINS", "https://app.example.org")
            .env("BYLINE_REQUEST_DEADLINE", "500ms");
        let mut server = Server::start(byline);
        let client = server.client();
        // It is there already, so that creating it again is a conflict.
        client.post("/users", &json!({"name": "Ada", "email": EMAIL}));
        for canary in CANARIES {
            spread(&server, canary);
        }
        for path in ["/metrics", "/readyz", "/"] {
            assert!(is_clean(&client.get(path).text), "{path}");
        }
        let log = server.killed();
        assert!(log.lines().count() > 500, "requests are logged: {log}");
        let told: Vec<_> = log.lines().filter(|line| !is_clean(line)).collect();
        assert!(told.is_empty(), "{format}: {told:#?}");
    }
}

#[test]
fn hostile_text_forges_no_log_line() {
    for format in ["json", "text"] {
        let sandbox = Sandbox::new();
        let mut byline = sandbox.byline();
        byline
            .env("BYLINE_LOG", "debug")
            .env("BYLINE_LOG_FORMAT", format)
            .env("BYLINE_LOG_REQUESTS", "true");
        let mut server = Server::start(byline);
        let forged = "%0d%0a2026-11-22T10:00:00Z%20%20INFO%20forged%1b%5b31m";
        let bytes = "\u{1b}[31m\u{7}\u{9b}31m\u{2028}forged";
        for path in [
            format!("/users/{forged}"),
            format!("/{forged}"),
            format!("/users?{forged}={forged}"),
        ] {
            server.client().get(&path);
        }
        for (name, value) in [
            ("x-request-id", bytes),
            ("user-agent", bytes),
            ("idempotency-key", bytes),
        ] {
            let request = format!(
                "POST /users HTTP/1.1\r\nhost: byline\r\n{name}: {value}\r\nconnection: close\r\n\
                 content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
            );
            raw(server.address(), request.as_bytes());
        }
        raw(
            server.address(),
            b"\x1b[31mforged /users HTTP/1.1\r\nhost: byline\r\n\r\n",
        );
        let log = server.killed();
        for line in log.lines() {
            assert!(!line.contains("forged"), "{line}");
            assert!(
                line.chars().all(|character| !character.is_control()),
                "{line:?}"
            );
            if format == "json" {
                let event: Value = serde_json::from_str(line).unwrap();
                assert!(event["timestamp"].is_string(), "{line}");
            } else {
                assert!(line.starts_with("20"), "{line}");
            }
        }
    }
}
