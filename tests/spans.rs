//! Spans of requests, as a collector gets them (OpenTelemetry, OTLP).

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::collector::{Collector, Span};
use crate::support::{Answer, Ended, Sandbox, Server, eventually, on_each_engine};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// `traceparent` of a caller whose trace is collected, or is not.
fn traceparent(sampled: bool) -> String {
    format!("00-{TRACE}-{PARENT}-0{}", u8::from(sampled))
}

/// `byline` that exports to this address.
fn exporting(sandbox: &Sandbox, endpoint: &str) -> Command {
    let mut byline = sandbox.byline();
    byline
        .env("BYLINE_OTLP_ENDPOINT", endpoint)
        .env("BYLINE_LOG_REQUESTS", "true");
    byline
}

/// The span of the request with this id, once it has come.
fn span_of(collector: &Collector, id: &str) -> Span {
    let mut found = None;
    eventually("the span of a request", || {
        let mut spans = collector.spans().into_iter();
        found = spans.find(|span| {
            span.attributes
                .get("byline.request_id")
                .is_some_and(|it| it == id)
        });
        found.is_some()
    });
    found.unwrap()
}

fn create(server: &Server, headers: &[(&str, &str)]) -> Answer {
    let ada = json!({"name": "Ada", "email": "ada@example.org"});
    server.client().send("POST", "/users", headers, Some(&ada))
}

on_each_engine! {
    a_request_is_a_span_of_its_callers_trace,
}

fn a_request_is_a_span_of_its_callers_trace(sandbox: &Sandbox) {
    let collector = Collector::start();
    let mut server = Server::start(exporting(sandbox, &collector.url()));
    let headers = [
        ("traceparent", &*traceparent(true)),
        ("x-request-id", "one"),
    ];
    let answer = create(&server, &headers);
    assert_eq!(answer.status, 201);
    let span = span_of(&collector, "one");
    assert_eq!(
        (span.service.as_str(), span.name.as_str()),
        ("byline", "POST /users")
    );
    assert_eq!(
        (span.trace_id.as_str(), span.parent.as_str()),
        (TRACE, PARENT)
    );
    let is = |name: &str, value: &str| assert_eq!(span.attributes[name], value, "{span:?}");
    is("http.request.method", "POST");
    is("http.route", "/users");
    is("http.response.status_code", "201");
    let seconds = |name: &str| span.attributes[name].parse::<f64>().unwrap();
    assert!(seconds("byline.queued") > 0.0, "{span:?}");
    assert!(seconds("byline.database") > 0.0, "{span:?}");
    // The answer names the span.
    let named = format!("00-{TRACE}-{}-01", span.span_id);
    assert_eq!(answer.header("traceresponse"), Some(named.as_str()));

    let answer = server
        .client()
        .send("GET", "/users/2", &[("x-request-id", "two")], None);
    assert_eq!(answer.status, 404);
    let span = span_of(&collector, "two");
    assert_eq!(span.name, "GET /users/{user_id}");
    assert_eq!(span.attributes["http.response.status_code"], "404");
    // A trace of its own.
    assert_eq!(span.parent, "");
    assert_ne!(span.trace_id, TRACE);

    let log = server.killed();
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines
        .into_iter()
        .find(|line| line["request_id"] == "two")
        .unwrap();
    assert_eq!(line["trace_id"], span.trace_id.as_str());
    assert!(line["queued_micros"].is_u64(), "{line}");
    assert!(line["database_micros"].as_u64() > Some(0), "{line}");
}

#[test]
fn it_tells_who_called() {
    let sandbox = Sandbox::new();
    Ended::well(sandbox.bylinectl(&["migrate"]));
    Ended::well(sandbox.bylinectl(&["seed", "--users", "1", "--posts", "1"]));
    let command = [
        "keys",
        "create",
        "--name",
        "k",
        "--user",
        "1",
        "--scopes",
        "users:read",
    ];
    let key = Ended::well(sandbox.bylinectl(&command));
    let key = key
        .split_whitespace()
        .find(|word| word.starts_with("byl_"))
        .unwrap();
    let collector = Collector::start();
    let mut byline = exporting(&sandbox, &collector.url());
    byline.env("BYLINE_AUTH", "keys");
    let mut server = Server::start(byline);
    let bearer = format!("Bearer {key}");
    for (id, authorization, status) in [("known", &*bearer, 200), ("unknown", "Bearer x", 401)] {
        let headers = [("authorization", authorization), ("x-request-id", id)];
        let answer = server.client().send("GET", "/users/1", &headers, None);
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let caller = |id| {
        span_of(&collector, id)
            .attributes
            .get("byline.caller")
            .cloned()
    };
    assert_eq!(caller("known").as_deref(), Some("user:1"));
    assert_eq!(caller("unknown"), None);
    let log = server.killed();
    assert!(log.contains(r#""caller":"user:1""#), "{log}");
    assert!(!log.contains(key), "{log}");
}

#[test]
fn what_waits_is_exported_before_the_end() {
    let sandbox = Sandbox::new();
    let collector = Collector::start();
    let mut server = Server::start(exporting(&sandbox, &collector.url()));
    for _ in 0..100 {
        assert_eq!(server.client().get("/livez").status, 200);
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let spans = collector.spans();
    let seen = spans.iter().filter(|span| span.name == "GET /livez");
    assert_eq!(seen.count(), 100);
}

#[test]
fn the_callers_decision_counts_else_the_ratio() {
    let sandbox = Sandbox::new();
    let collector = Collector::start();
    let mut byline = exporting(&sandbox, &collector.url());
    byline.env("BYLINE_OTLP_RATIO", "0");
    let mut server = Server::start(byline);
    let (yes, no) = (traceparent(true), traceparent(false));
    for (id, traceparent) in [("no", Some(&no)), ("none", None), ("yes", Some(&yes))] {
        let mut headers = vec![("x-request-id", id)];
        headers.extend(traceparent.map(|value| ("traceparent", value.as_str())));
        let answer = server.client().send("GET", "/livez", &headers, None);
        let named = answer.header("traceresponse").unwrap();
        let flags = if id == "yes" { "01" } else { "00" };
        assert!(named.ends_with(flags), "{id}: {named}");
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let spans = collector.spans();
    let ids = spans
        .iter()
        .map(|span| span.attributes["byline.request_id"].as_str());
    assert_eq!(ids.collect::<Vec<_>>(), ["yes"]);
}

/// The longest that the end may take when nobody takes the spans.
const LONGEST_END: Duration = Duration::from_secs(10);

#[test]
fn a_collector_that_is_away_or_silent_disturbs_nobody() {
    // Connections to the first are refused; the second accepts and says nothing.
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [gone, silent.local_addr().unwrap()] {
        let sandbox = Sandbox::new();
        let mut byline = exporting(&sandbox, &format!("http://{address}"));
        byline.env("BYLINE_LOG_REQUESTS", "false");
        let mut server = Server::start(byline);
        let client = server.client();
        for _ in 0..2_000 {
            assert_eq!(client.get("/livez").status, 200);
        }
        server.signal(Signal::TERM);
        let told = Instant::now();
        assert_eq!(server.wait().code(), Some(0));
        assert!(told.elapsed() < LONGEST_END, "{:?}", told.elapsed());
        let log = server.killed();
        let complaints = log.matches("the collector takes no spans").count();
        assert_eq!(complaints, 1, "{log}");
    }
}

#[test]
fn nothing_is_exported_unless_it_is_wanted() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let headers = [("traceparent", &*traceparent(true))];
    assert_eq!(create(&server, &headers).header("traceresponse"), None);
}

#[test]
fn a_wrong_endpoint_is_refused() {
    for (variable, value, names) in [
        (
            "BYLINE_OTLP_ENDPOINT",
            "127.0.0.1:4317",
            "http://127.0.0.1:4318",
        ),
        (
            "BYLINE_OTLP_ENDPOINT",
            "http://a:b@host",
            "without credentials",
        ),
        ("BYLINE_OTLP_RATIO", "50%", "from 0 to 1"),
    ] {
        let sandbox = Sandbox::new();
        let mut byline = sandbox.byline();
        byline.env(variable, value);
        let ended = Ended::of(byline);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(names), "{ended:?}");
        assert!(ended.stderr.contains(variable), "{ended:?}");
    }
}
