use std::sync::Arc;

use byline_application::{Health, MockStore, Readiness, Release, ServerHealth};
use byline_http::Api;

use crate::support::{api_with, get, settings};

fn store_that_is(readiness: Readiness, release: Option<Release>) -> Api {
    let health = Health {
        readiness,
        release,
        servers: Vec::new(),
    };
    let mut store = MockStore::new();
    store.expect_health().returning(move || health.clone());
    api_with(Arc::new(store), settings())
}

#[actix_web::test]
async fn a_ready_process_reports_ready() {
    let api = store_that_is(Readiness::Ready, None);
    for (path, status) in [
        ("/livez", "live"),
        ("/livez/", "live"),
        ("/readyz", "ready"),
    ] {
        let answer = get(&api, path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["status"], status);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[actix_web::test]
async fn several_servers_are_reported() {
    for (servers, expected) in [
        (vec![], None),
        (vec![ServerHealth::ReadOnly], None),
        (
            vec![
                ServerHealth::Away,
                ServerHealth::Ready,
                ServerHealth::ReadOnly,
            ],
            Some(serde_json::json!(["away", "ready", "read-only"])),
        ),
    ] {
        let mut store = MockStore::new();
        store.expect_health().returning(move || Health {
            readiness: Readiness::Ready,
            release: None,
            servers: servers.clone(),
        });
        let api = api_with(Arc::new(store), settings());
        let answer = get(&api, "/readyz").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json().get("servers"), expected.as_ref());
    }
}

#[actix_web::test]
async fn a_read_only_process_reports_it_and_is_ready() {
    let api = store_that_is(Readiness::ReadOnly, None);
    let answer = get(&api, "/readyz").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), serde_json::json!({"status": "read-only"}));
}

#[actix_web::test]
async fn a_process_that_is_not_ready_is_live_and_reports_the_reason() {
    let secret = Arc::new(std::io::Error::other("password=hunter2"));
    for (readiness, detail) in [
        (
            Readiness::Unreachable(secret),
            "The database cannot be reached.",
        ),
        (
            Readiness::WrongSchema,
            "The schema of the database is not the one that this version needs.",
        ),
        (Readiness::ShuttingDown, "This instance is shutting down."),
    ] {
        let api = store_that_is(readiness, None);
        let answer = get(&api, "/readyz").await;
        assert_eq!(answer.problem(), (503, "not-ready".into()));
        assert_eq!(answer.json()["detail"], detail);
        assert_eq!(get(&api, "/livez").await.status, 200);
        assert_eq!(get(&api, "/").await.status, 200);
    }
}

#[actix_web::test]
async fn a_draining_process_is_not_ready() {
    let api = store_that_is(Readiness::Ready, None);
    assert_eq!(get(&api, "/readyz").await.status, 200);
    api.start_draining();
    assert_eq!(
        get(&api, "/readyz").await.problem(),
        (503, "not-ready".into())
    );
    assert_eq!(get(&api, "/livez").await.status, 200);
}

#[actix_web::test]
async fn the_service_document_names_version_and_schema() {
    let release = Release {
        version: "1.1.0".into(),
        schema: "20261123000000".into(),
    };
    let answer = get(&store_that_is(Readiness::Ready, Some(release)), "/").await;
    assert_eq!(answer.status, 200);
    let document = answer.json();
    assert_eq!(document["name"], "byline");
    assert_eq!(document["version"], "1.2.3");
    assert_eq!(document["schema"]["release"], "1.1.0");
    assert_eq!(document["schema"]["migration"], "20261123000000");
    assert_eq!(document["links"]["users"], "/users");
    assert_eq!(document["limits"]["page_default"], 50);
    assert_eq!(document["limits"]["page_max"], 100);
    assert_eq!(document["limits"]["body_bytes"], 1_048_576);
}

#[actix_web::test]
async fn every_linked_path_exists() {
    let api = store_that_is(Readiness::Ready, None);
    let document = get(&api, "/").await.json();
    for link in document["links"].as_object().unwrap().values() {
        let path = link.as_str().unwrap().replace("{code}", "not-found");
        let options = crate::support::request("OPTIONS", &path);
        assert_eq!(
            crate::support::send(&api, options).await.status,
            204,
            "{path}"
        );
    }
}
