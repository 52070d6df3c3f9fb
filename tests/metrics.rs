//! What operators see: `/metrics` and health, on a listener of their own.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::support::{Client, Ended, Sandbox, Server, eventually, raw};

/// The value of a metric with these labels, in the order in which they are
/// written.
fn value(text: &str, metric: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(metric));
    line.and_then(|rest| rest.trim().parse().ok())
}

/// One scrape.
fn scrape(server: &Server) -> String {
    let answer = admin(server).get("/metrics");
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type").unwrap();
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.text.ends_with("# EOF\n"));
    answer.text
}

fn admin(server: &Server) -> Client {
    Client::new(server.admin())
}

#[test]
fn requests_are_counted_by_route_method_and_status() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let client = server.client();
    let ada = json!({"name": "Ada", "email": "ada@example.org"});
    assert_eq!(client.post("/users", &ada).status, 201);
    for path in ["/users/1", "/users/1/", "/users/2", "/nowhere"] {
        client.get(path);
    }
    let brew = b"BREW /users HTTP/1.1\r\nhost: byline\r\nconnection: close\r\n\r\n";
    assert!(raw(server.address(), brew).starts_with("HTTP/1.1 405 "));
    let text = scrape(&server);
    let count = |route: &str, method: &str, status: u16| {
        let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
        let name = "byline_http_request_duration_seconds";
        let count = value(&text, &format!("{name}_count{{{labels}}}"));
        let all = value(&text, &format!("{name}_bucket{{le=\"+Inf\",{labels}}}"));
        assert_eq!(count, all);
        let sum = value(&text, &format!("{name}_sum{{{labels}}}"));
        assert!(sum.is_none_or(|sum| sum > 0.0), "{text}");
        count
    };
    assert_eq!(count("/users", "POST", 201), Some(1.0), "{text}");
    assert_eq!(count("/users/{user_id}", "GET", 200), Some(2.0));
    assert_eq!(count("/users/{user_id}", "GET", 404), Some(1.0));
    assert_eq!(count("unknown", "GET", 404), Some(1.0));
    assert_eq!(count("/users", "OTHER", 405), Some(1.0));
    assert_eq!(value(&text, "byline_http_requests_in_flight"), Some(0.0));
    // What operators ask is not the API's load.
    scrape(&server);
    assert!(!scrape(&server).contains("route=\"/metrics\""));
}

#[test]
fn the_store_tells_what_it_did() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let client = server.client();
    let ada = json!({"name": "Ada", "email": "ada@example.org"});
    let key = [("idempotency-key", "once")];
    for _ in 0..2 {
        let answer = client.send("POST", "/users", &key, Some(&ada));
        assert_eq!(answer.status, 201);
    }
    assert_eq!(client.get("/users/1").status, 200);
    // A thread is busy until a moment after the answer.
    eventually("idle threads", || {
        let text = scrape(&server);
        value(
            &text,
            "byline_store_threads{role=\"reader\",state=\"waiting\"}",
        ) == Some(4.0)
            && value(
                &text,
                "byline_store_threads{role=\"writer\",state=\"waiting\"}",
            ) == Some(1.0)
    });
    let text = scrape(&server);
    let is = |metric: &str| value(&text, metric).unwrap_or_else(|| panic!("no {metric} in {text}"));
    assert_eq!(is("byline_http_idempotency_replays_total"), 1.0);
    assert!(is("byline_store_group_jobs_count") >= 2.0);
    assert!(is("byline_store_group_jobs_sum") >= 2.0);
    assert!(is("byline_store_commit_duration_seconds_count") >= 2.0);
    assert!(is("byline_store_job_duration_seconds_count{lane=\"write\"}") >= 2.0);
    assert!(is("byline_store_queue_wait_seconds_count{lane=\"write\"}") >= 2.0);
    assert_eq!(is("byline_store_queue_jobs{lane=\"read\"}"), 0.0);
    assert_eq!(
        is("byline_store_queue_capacity_jobs{lane=\"read\"}"),
        1024.0
    );
    assert_eq!(
        is("byline_store_refused_jobs_total{lane=\"write\",reason=\"queue_full\"}"),
        0.0
    );
    assert_eq!(is("byline_store_expired_jobs_total{lane=\"read\"}"), 0.0);
    assert!(is("byline_store_pool_connections{state=\"in_use\"}") >= 1.0);
    assert_eq!(is("byline_store_pool_capacity_connections"), 5.0);
    assert_eq!(is("byline_store_retries_total{cause=\"contention\"}"), 0.0);
    assert!(is("byline_store_wal_bytes") > 0.0);
    assert!(is("byline_store_database_bytes") > 0.0);
    assert_eq!(is("byline_database_ready"), 1.0);
    let build = format!(
        "byline_build_info{{version=\"{}\",engine=\"sqlite\"}}",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(is(&build), 1.0);
    if cfg!(target_os = "linux") {
        assert!(is("process_resident_memory_bytes") > 1e6);
        assert!(is("process_open_fds") > 3.0);
        assert!(is("process_start_time_seconds") > 1.6e9);
    }
}

#[test]
fn refused_and_expired_jobs_are_counted() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline
        .env("BYLINE_QUEUE_LENGTH", "1")
        .env("BYLINE_REQUEST_DEADLINE", "100ms");
    let server = Server::start(byline);
    let lock = sandbox.sqlite();
    let count = |metric: &str| value(&scrape(&server), metric).unwrap();
    let create = |number: u32| {
        let email = format!("ada{number}@example.org");
        let answer = server
            .client()
            .post("/users", &json!({"name": "Ada", "email": email}));
        assert_eq!(answer.status, 503, "{answer:?}");
    };
    let numbers = AtomicU32::new(0);
    let next = || numbers.fetch_add(1, Ordering::Relaxed);
    let busy = "byline_store_threads{role=\"writer\",state=\"busy\"}";
    let jobs = "byline_store_job_duration_seconds_count{lane=\"write\"}";
    let full = "byline_store_refused_jobs_total{lane=\"write\",reason=\"queue_full\"}";
    let expired = "byline_store_expired_jobs_total{lane=\"write\"}";
    // The service sweeps idempotency keys as soon as it runs. While that job is queued, it
    // takes the only place, and its deadline is too late to pass here.
    eventually("the first sweep", || count(jobs) >= 1.0);
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    // The writer waits for the lock with one job.
    eventually("the writer to be busy", || {
        create(next());
        count(busy) >= 1.0
    });
    // One of the others waits in the queue, until its deadline has passed.
    eventually("a full queue", || {
        std::thread::scope(|scope| {
            for number in std::iter::repeat_with(next).take(8) {
                let create = &create;
                scope.spawn(move || create(number));
            }
        });
        count(full) >= 1.0
    });
    lock.execute_batch("ROLLBACK").unwrap();
    eventually("an expired job", || count(expired) >= 1.0);
}

#[test]
fn health_is_told_there_too() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let admin = admin(&server);
    for path in ["/livez", "/readyz"] {
        let answer = admin.get(path);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let answer = admin.get("/users");
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (404, "unknown-path")
    );
    // And metrics are not told to everybody.
    assert_eq!(server.client().get("/metrics").status, 404);
}

#[test]
fn an_address_that_is_set_must_be_free() {
    let sandbox = Sandbox::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut byline = sandbox.byline();
    byline.env("BYLINE_ADMIN_LISTEN", &address);
    let ended = Ended::of(byline);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains(&format!("cannot listen on {address}")),
        "{ended:?}"
    );
}

#[test]
fn the_default_address_may_be_taken() {
    let sandbox = Sandbox::new();
    // Somebody else may have it already, which is as good.
    let _taken = TcpListener::bind("127.0.0.1:9464");
    let mut byline = sandbox.byline();
    byline.env_remove("BYLINE_ADMIN_LISTEN");
    let mut server = Server::start(byline);
    assert_eq!(server.client().get("/readyz").status, 200);
    let log = server.killed();
    assert!(log.contains("BYLINE_ADMIN_LISTEN"), "{log}");
}

#[test]
fn there_need_be_no_metrics() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline.env("BYLINE_ADMIN_LISTEN", "off");
    let mut server = Server::start(byline);
    assert_eq!(server.client().get("/readyz").status, 200);
    let log = server.killed();
    assert!(!log.contains("operators"), "{log}");
}

#[test]
fn bylinectl_asks_whether_the_service_can_serve() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.serve();
    let ready = format!("http://{}/readyz", server.admin());
    assert_eq!(
        Ended::well(sandbox.bylinectl(&["health", &ready])),
        "ready\n"
    );
    let nowhere = format!("http://{}/nowhere", server.admin());
    let ended = Ended::of(sandbox.bylinectl(&["health", &nowhere]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("answers 404"), "{ended:?}");
    server.killed();
    let ended = Ended::of(sandbox.bylinectl(&["health", &ready]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("no answer from"), "{ended:?}");
}
