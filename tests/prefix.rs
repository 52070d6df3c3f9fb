//! Behind a path prefix, through nginx with the lines of `docs/operations.md`: links
//! lead to where clients reach the service.

use std::fs;

use serde_json::json;

use crate::malformed::proxies::Nginx;
use crate::support::{Answer, Client, Ended, Sandbox, Server};

/// The lines for nginx that the document shows.
fn documented() -> String {
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let document = fs::read_to_string(document).unwrap();
    let (_, block) = document.split_once("```nginx\n").unwrap();
    let (lines, _) = block.split_once("```").unwrap();
    // The service is one on a port of the test's own.
    assert!(
        lines.contains("proxy_pass http://127.0.0.1:8080/;"),
        "{lines}"
    );
    lines.replace("127.0.0.1:8080", "byline")
}

/// Where a link of an answer to `path` leads.
fn resolve(path: &str, link: &str) -> String {
    if link.starts_with('/') {
        return link.to_owned();
    }
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

/// The links of a page.
fn links(path: &str, page: &Answer) -> Vec<String> {
    let of = |attribute| page.text.split(attribute).skip(1);
    of("href=\"")
        .chain(of("src=\""))
        .map(|rest| rest.split_once('"').unwrap().0)
        .filter(|link| !link.starts_with("data:"))
        .map(|link| resolve(path, link))
        .collect()
}

fn assert_reachable(client: &Client) {
    for name in ["Ada", "Grace", "Edsger"] {
        let user = json!({"name": name, "email": format!("{name}@example.org")});
        let made_up = [("x-forwarded-prefix", "/made/up")];
        let created = client.send("POST", "/api/users", &made_up, Some(&user));
        assert_eq!(created.status, 201, "{created:?}");
        let location = created.header("location").unwrap();
        assert!(location.starts_with("/api/users/"), "{location}");
        let read = client.get(location);
        assert_eq!((read.status, read.json()), (200, created.json()));
    }
    let walked = client.walk("/api/users?limit=1");
    assert_eq!(walked.len(), 3, "{walked:?}");

    let problem = client.get("/api/users/404");
    assert_eq!(problem.problem(), "not-found");
    let kind = problem.json()["type"].as_str().unwrap().to_owned();
    assert_eq!(kind, "/api/problems/not-found");
    assert_eq!(client.get(&kind).status, 200);

    let html = [("accept", "text/html")];
    for path in ["/api/", "/api/docs", "/api/docs/"] {
        let page = client.send("GET", path, &html, None);
        assert_eq!(page.status, 200, "{path}");
        let links = links(path, &page);
        assert_eq!(links.len(), 4, "{path}: {links:?}");
        for link in links {
            assert!(link.starts_with("/api/"), "{path}: {link}");
            assert_eq!(client.get(&link).status, 200, "{path}: {link}");
        }
    }
    let script = client.get("/api/docs/start.js");
    assert!(
        script.text.contains("new URL(\"../openapi.json\","),
        "{script:?}"
    );
    let document = client.get("/api/openapi.json").json();
    assert_eq!(document["servers"][0]["url"], "/api");
    for (name, link) in client.get("/api/").json()["links"].as_object().unwrap() {
        let link = link.as_str().unwrap().replace("{code}", "not-found");
        assert!(link.starts_with("/api/"), "{name}: {link}");
        let status = client.get(&link).status;
        // Two that are for those who show a credential, and for writes.
        let expected = match name.as_str() {
            "me" => status,
            "batch" => 405,
            _ => 200,
        };
        assert_eq!(status, expected, "{name}: {link}");
    }
}

#[test]
fn links_lead_to_a_service_whose_proxy_tells_the_prefix() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline.env("BYLINE_TRUSTED_PROXIES", "127.0.0.1/32");
    let server = Server::start(byline);
    let Some(nginx) = Nginx::with(&sandbox, server.address(), &documented()) else {
        return;
    };
    assert_reachable(&Client::new(nginx.address()));
}

#[test]
fn links_lead_to_a_service_that_was_told_its_prefix() {
    let sandbox = Sandbox::new();
    let mut byline = sandbox.byline();
    byline.env("BYLINE_BASE_URL", "/api/");
    let server = Server::start(byline);
    let Some(nginx) = Nginx::with(&sandbox, server.address(), &documented()) else {
        return;
    };
    assert_reachable(&Client::new(nginx.address()));
}

#[test]
fn nobody_is_believed_a_prefix_who_is_not_trusted() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let headers = [("x-forwarded-prefix", "/api")];
    let user = json!({"name": "Ada", "email": "ada@example.org"});
    let created = server
        .client()
        .send("POST", "/users", &headers, Some(&user));
    assert_eq!(created.header("location"), Some("/users/1"));
}

#[test]
fn a_base_url_that_is_none_is_refused_with_the_rule() {
    let sandbox = Sandbox::new();
    for text in [
        "api",
        "//evil.example",
        "/api/../b",
        "/%2e%2e",
        "/a b",
        "/caf\u{e9}",
        "https://user@example.org/",
        "https://example.org/?a",
        "ftp://example.org/",
        &format!("/{}", "a".repeat(300)),
    ] {
        let mut byline = sandbox.byline();
        byline.env("BYLINE_BASE_URL", text);
        let ended = Ended::of(byline);
        assert_eq!(ended.code, Some(2), "{text}: {ended:?}");
        assert!(ended.stderr.contains("--base-url"), "{ended:?}");
        assert!(ended.stderr.contains("must be a path such as"), "{ended:?}");
    }
}
