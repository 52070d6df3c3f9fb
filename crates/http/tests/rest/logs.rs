use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use byline_application::{AppError, Unavailable};
use byline_http::{Api, Settings};
use serde_json::Value;
use tracing_subscriber::fmt;

use crate::support::{ada, failing, request, send, settings, users};

/// Collects log lines.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the log of the process. All tests share a subscriber: one per thread misses
/// events whose callsite another thread reached first.
fn log() -> &'static Log {
    static LOG: LazyLock<Log> = LazyLock::new(|| {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = fmt().json().with_writer(move || writer.clone()).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    });
    &LOG
}

/// Returns the events of `GET uri`, which its `id` distinguishes from those of other
/// tests.
async fn events(api: &Api, uri: &str, id: &str) -> Vec<Value> {
    let log = log();
    send(api, request("GET", uri).insert_header(("x-request-id", id))).await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &Value| event["fields"]["request_id"] == id)
        .collect()
}

#[derive(Debug, thiserror::Error)]
#[error("outer")]
struct Outer(#[source] io::Error);

#[actix_web::test]
async fn an_internal_error_is_logged_once_with_all_its_causes() {
    let cause = Outer(io::Error::other("inner"));
    let seen = events(&failing(AppError::internal(cause)), "/users/1", "internal").await;
    let [error, access] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(error["level"], "ERROR");
    assert_eq!(error["fields"]["causes"], "outer: inner");
    assert_eq!(access["fields"]["status"], 500);
}

#[actix_web::test]
async fn database_errors_are_logged() {
    let cause = Arc::new(io::Error::other("disk full"));
    let api = failing(Unavailable::Database(cause).into());
    let seen = events(&api, "/users/1", "database").await;
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0]["level"], "WARN");
    assert_eq!(seen[0]["fields"]["causes"], "disk full");
}

#[actix_web::test]
async fn a_request_is_logged_without_its_query() {
    let seen = events(&users(ada(1)), "/users/1?email=secret", "access").await;
    let [access] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    let fields = &access["fields"];
    assert_eq!(access["level"], "INFO");
    assert_eq!(fields["method"], "GET");
    assert_eq!(fields["path"], "/users/1");
    assert_eq!(fields["route"], "/users/{user_id}");
    assert_eq!(fields["status"], 400);
    assert!(fields["micros"].is_u64(), "{fields}");
    // It did not reach the store.
    assert_eq!(
        (&fields["queued_micros"], &fields["database_micros"]),
        (&0.into(), &0.into())
    );
    assert!(!access.to_string().contains("secret"));
}

#[actix_web::test]
async fn a_path_is_logged_only_with_ids() {
    for (path, logged) in [
        ("/users/hunter2", "/users/{user_id}"),
        ("/problems/hunter2", "/problems/{code}"),
        ("/hunter2", "(unknown)"),
        ("/users/1/hunter2", "(unknown)"),
        ("/users/7/posts?hunter2=x", "/users/7/posts"),
    ] {
        let id = format!("path-{}", path.len());
        let seen = events(&crate::support::untouched(), path, &id).await;
        let access = seen.last().unwrap();
        assert_eq!(access["fields"]["path"], logged);
        assert!(!format!("{seen:?}").contains("hunter2"), "{seen:?}");
    }
}

#[actix_web::test]
async fn requests_are_logged_only_if_configured() {
    let quiet = Settings {
        log_requests: false,
        ..settings()
    };
    let store = byline_application::MockStore::new();
    let api = crate::support::api_with(Arc::new(store), quiet);
    assert_eq!(events(&api, "/livez", "quiet").await, Vec::<Value>::new());
}
