//! Links of a service behind a proxy that removes a prefix of the path.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::test::TestRequest;
use byline_application::Page;
use byline_application::testing::ImmediateStore;
use byline_http::{Api, Protection, Settings, TrustedProxies};

use crate::support::{
    Answer, MockPosts, MockUsers, api_with, request, send, send_as_it_is, session, settings, user,
    user_id,
};

const ADA: &str = r#"{"name":"Ada Lovelace","email":"ada@example.org"}"#;

/// Returns an interface behind proxies at 127.0.0.1, with this base URL.
fn api(base_url: Option<&str>) -> Api {
    let next = AtomicI64::new(1);
    let mut users = MockUsers::new();
    users.expect_insert().returning(move |new, now| {
        let id = next.fetch_add(1, Ordering::Relaxed);
        Ok(new.clone().created(user_id(id), now))
    });
    users.expect_find().returning(|_| Ok(None));
    users.expect_list().returning(|_| {
        Ok(Page {
            items: vec![user(1, 1)],
            more: true,
        })
    });
    let session = session(users, MockPosts::new());
    let proxies = TrustedProxies {
        networks: vec!["127.0.0.1/32".parse().unwrap()],
        ..TrustedProxies::default()
    };
    let settings = Settings {
        base_url: base_url.map(|text| text.parse().unwrap()),
        protection: Protection {
            proxies,
            ..Protection::default()
        },
        ..settings()
    };
    api_with(Arc::new(ImmediateStore::new(session)), settings)
}

fn through(peer: &str, prefix: Option<&str>, request: TestRequest) -> TestRequest {
    let request = request.peer_addr(format!("{peer}:1").parse().unwrap());
    match prefix {
        Some(prefix) => request.append_header(("x-forwarded-prefix", prefix)),
        None => request,
    }
}

fn post_ada() -> TestRequest {
    request("POST", "/users")
        .insert_header(("content-type", "application/json"))
        .set_payload(ADA)
}

/// Asserts that the links in all kinds of responses begin with `base`.
async fn assert_begins(api: &Api, peer: &str, prefix: Option<&str>, base: &str) {
    let ask = |path: &str| through(peer, prefix, request("GET", path));
    let created = send(api, through(peer, prefix, post_ada())).await;
    let location = created.header("location");
    let id = location.rsplit('/').next().unwrap().to_owned();
    assert_eq!(location, format!("{base}/users/{id}"));
    let list = send(api, ask("/users?limit=1&name.starts=A&sort=name")).await;
    for link in list.header("link").split(", ") {
        let begin = format!("<{base}/users?limit=1&name.starts=A&sort=name");
        assert!(link.starts_with(&begin), "{link}");
    }
    assert_eq!(list.header("link").split(", ").count(), 2, "{list:?}");
    for path in ["/users/9", "/nonsense", "/users?nonsense=1"] {
        let problem = send(api, ask(path)).await.json();
        let code = problem["code"].as_str().unwrap();
        assert_eq!(problem["type"], format!("{base}/problems/{code}"));
    }
    let service = send(api, ask("/")).await.json();
    for (name, path) in [("users", "/users"), ("problems", "/problems/{code}")] {
        assert_eq!(service["links"][name], format!("{base}{path}"));
    }
    let page = send(api, ask("/").insert_header(("accept", "text/html"))).await;
    let page = String::from_utf8(page.body).unwrap();
    let relative = if base.is_empty() {
        String::new()
    } else {
        format!("{base}/")
    };
    assert!(page.contains(&format!("href=\"{relative}docs\"")), "{page}");
    let document = send(api, ask("/openapi.json")).await.json();
    let server = if base.is_empty() { "/" } else { base };
    assert_eq!(document["servers"][0]["url"], server);
}

#[actix_web::test]
async fn links_begin_with_the_base_url_of_the_settings() {
    for (text, base) in [
        ("/", ""),
        ("/api", "/api"),
        ("/api/", "/api"),
        ("/a/b.c/d", "/a/b.c/d"),
        ("https://example.org", "https://example.org"),
        (
            "https://example.org:8443/api/",
            "https://example.org:8443/api",
        ),
    ] {
        let api = api(Some(text));
        assert_begins(&api, "192.0.2.1", None, base).await;
        // The header of an untrusted peer is ignored.
        assert_begins(&api, "127.0.0.1", Some("/other"), base).await;
    }
}

#[actix_web::test]
async fn links_begin_with_the_prefix_of_a_trusted_proxy() {
    let api = api(None);
    for (peer, prefix, base) in [
        ("127.0.0.1", Some("/api"), "/api"),
        ("127.0.0.1", Some("/api/"), "/api"),
        ("127.0.0.1", Some(" /a/b "), "/a/b"),
        ("127.0.0.1", Some("/made/up, /api"), "/api"),
        ("127.0.0.1", Some("/"), ""),
        ("127.0.0.1", None, ""),
        ("127.0.0.2", Some("/api"), ""),
        ("192.0.2.1", Some("/api"), ""),
    ] {
        assert_begins(&api, peer, prefix, base).await;
    }
}

#[actix_web::test]
async fn hostile_prefixes_are_ignored() {
    let api = api(None);
    let long = format!("/{}", "a".repeat(256));
    for prefix in [
        "//evil.example",
        "//evil.example/api",
        "/api//",
        "https://evil.example",
        "evil",
        "/..",
        "/api/../..",
        "/%2e%2e",
        "/a\tb",
        "/a b",
        "/caf\u{e9}",
        "/a>; rel=\"next\", </b",
        "/\"><script>alert(1)</script>",
        "/\\evil.example",
        "/a?b",
        "/a#b",
        "/api, //evil.example",
        ",",
        "",
        &long,
    ] {
        assert_begins(&api, "127.0.0.1", Some(prefix), "").await;
    }
}

/// The stored response has no base.
#[actix_web::test]
async fn a_replayed_response_has_the_links_of_its_own_request() {
    let api = api(None);
    for (prefix, location) in [
        (Some("/api"), "/api/users/1"),
        (None, "/users/1"),
        (Some("/v2/api"), "/v2/api/users/1"),
    ] {
        let request = post_ada().insert_header(("idempotency-key", "once"));
        let answer = send(&api, through("127.0.0.1", prefix, request)).await;
        assert_eq!(answer.header("location"), location);
    }
}

/// A cursor belongs to a list, whatever its base is.
#[actix_web::test]
async fn a_cursor_is_valid_behind_any_prefix() {
    let api = api(None);
    let first = through("127.0.0.1", Some("/api"), request("GET", "/users?limit=1"));
    let first = send(&api, first).await;
    let next = first.header("link").rsplit_once("</api").unwrap().1;
    let next = next.split_once('>').unwrap().0;
    for prefix in [None, Some("/other"), Some("/api")] {
        let next = through("127.0.0.1", prefix, request("GET", next));
        assert_eq!(send(&api, next).await.status, 200, "{prefix:?}");
    }
}

async fn text(api: &Api, path: &str) -> (Answer, String) {
    let answer = send_as_it_is(api, request("GET", path)).await;
    let text = String::from_utf8(answer.body.clone()).unwrap();
    (answer, text)
}

/// Resolves a relative link.
fn resolve(path: &str, link: &str) -> String {
    let mut segments: Vec<_> = path.split('/').collect();
    segments.pop();
    for step in link.split('/') {
        if step == ".." {
            segments.pop();
        } else {
            segments.push(step);
        }
    }
    segments.join("/")
}

#[actix_web::test]
async fn links_in_the_documentation_are_relative() {
    let api = api(None);
    let mut tags = Vec::new();
    for path in ["/docs", "/docs/"] {
        let (answer, page) = text(&api, path).await;
        tags.push(answer.header("etag").to_owned());
        let mut found: Vec<_> = ["src=\"", "href=\""]
            .iter()
            .flat_map(|attribute| page.split(attribute).skip(1))
            .map(|rest| rest.split_once('"').unwrap().0)
            .filter(|link| !link.starts_with("data:"))
            .map(|link| resolve(path, link))
            .collect();
        found.sort();
        let expected = [
            "/docs/start.js",
            "/docs/swagger-ui-bundle.js",
            "/docs/swagger-ui.css",
            "/openapi.json",
        ];
        assert_eq!(found, expected, "{page}");
    }
    assert_ne!(tags[0], tags[1]);
    let (_, script) = text(&api, "/docs/start.js").await;
    assert!(!script.contains("\"/"), "{script}");
}

#[actix_web::test]
async fn the_document_has_a_different_tag_for_each_base() {
    let api = api(None);
    let ask = |prefix, tag: String| {
        let request = request("GET", "/openapi.json").insert_header(("if-none-match", tag));
        send(&api, through("127.0.0.1", prefix, request))
    };
    let mut seen = Vec::new();
    for prefix in [None, Some("/api"), Some("/other")] {
        let answer = ask(prefix, "\"none\"".to_owned()).await;
        let tag = answer.header("etag").to_owned();
        assert!(!seen.contains(&tag));
        assert_eq!(ask(prefix, tag.clone()).await.status, 304);
        seen.push(tag);
    }
}
