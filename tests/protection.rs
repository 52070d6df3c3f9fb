//! Rate limits, pages of other origins, and secrets from files.

use std::fs;

use crate::support::{Answer, Client, Ended, Sandbox, Server};

fn serve(sandbox: &Sandbox, settings: &[(&str, &str)]) -> Server {
    let mut byline = sandbox.byline();
    byline.envs(settings.iter().copied());
    Server::start(byline)
}

fn from(client: &Client, address: &str, path: &str) -> Answer {
    client.send("GET", path, &[("x-forwarded-for", address)], None)
}

#[test]
fn whoever_asks_too_often_is_told_when_to_come_back() {
    let sandbox = Sandbox::new();
    let server = serve(&sandbox, &[("BYLINE_RATE_LIMIT", "3/1h")]);
    let client = server.client();
    for (path, left) in [("/users", "2"), ("/nonsense", "1"), ("/posts?x", "0")] {
        let answer = client.get(path);
        assert_ne!(answer.status, 429, "{answer:?}");
        let told = answer.header("ratelimit").unwrap();
        assert!(
            told.starts_with(&format!("\"address\";r={left};t=")),
            "{told}"
        );
        let policy = answer.header("ratelimit-policy");
        assert_eq!(policy, Some("\"address\";q=3;w=3600"));
    }
    // A header from anybody says nothing about who it is.
    for answer in [client.get("/users"), from(&client, "203.0.113.9", "/users")] {
        assert_eq!((answer.status, &*answer.problem()), (429, "rate-limited"));
        let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=1200).contains(&seconds), "{seconds}");
        let told = answer.header("ratelimit").unwrap();
        assert_eq!(told, format!("\"address\";r=0;t={seconds}"));
    }
    for path in ["/livez", "/readyz"] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.header("ratelimit")), (200, None));
    }
}

#[test]
fn a_trusted_proxy_says_whose_a_request_is() {
    let sandbox = Sandbox::new();
    let settings = [
        ("BYLINE_RATE_LIMIT", "2/1h"),
        ("BYLINE_TRUSTED_PROXIES", "127.0.0.0/8,::1"),
    ];
    let server = serve(&sandbox, &settings);
    let client = server.client();
    for address in ["203.0.113.9", "198.51.100.7, 203.0.113.8"] {
        for status in [200, 200, 429] {
            assert_eq!(from(&client, address, "/users").status, status, "{address}");
        }
    }
    // Only its last hop counts, which the proxy itself wrote.
    assert_eq!(
        from(&client, "192.0.2.1, 203.0.113.8", "/users").status,
        429
    );
    // One customer of an IPv6 provider is one caller.
    for (address, status) in [
        ("2001:db8:0:aa01::1", 200),
        ("2001:db8:0:aaff::2", 200),
        ("2001:db8:0:aa77::3", 429),
        ("2001:db8:0:bb01::1", 200),
    ] {
        assert_eq!(from(&client, address, "/users").status, status, "{address}");
    }
}

#[test]
fn without_the_setting_there_is_no_limit() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let answer = server.client().get("/users");
    assert_eq!(answer.header("ratelimit"), None);
    assert_eq!(answer.header("ratelimit-policy"), None);
}

const ORIGIN: (&str, &str) = ("origin", "https://app.example.org");
const FOREIGN: (&str, &str) = ("origin", "https://evil.example.org");
const ALLOW_ORIGIN: &str = "access-control-allow-origin";

#[test]
fn pages_of_other_origins_may_do_nothing_unless_they_are_named() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let client = server.client();
    for method in ["GET", "OPTIONS"] {
        let wish = ("access-control-request-method", "PUT");
        let answer = client.send(method, "/users", &[ORIGIN, wish], None);
        let told = answer
            .headers
            .keys()
            .any(|name| name.as_str().starts_with("access-control"));
        assert!(!told, "{answer:?}");
    }
}

#[test]
fn pages_that_are_named_may_use_the_service() {
    let sandbox = Sandbox::new();
    let origins = "https://app.example.org,http://localhost:5173";
    let server = serve(&sandbox, &[("BYLINE_CORS_ORIGINS", origins)]);
    let client = server.client();
    let wishes = [
        ("access-control-request-method", "PATCH"),
        (
            "access-control-request-headers",
            "authorization,content-type,if-match,idempotency-key",
        ),
    ];
    let [method, headers] = wishes;
    let answer = client.send("OPTIONS", "/users/1", &[ORIGIN, method, headers], None);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header(ALLOW_ORIGIN), Some(ORIGIN.1));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let answer = client.send("GET", "/users", &[ORIGIN], None);
    assert_eq!(answer.header(ALLOW_ORIGIN), Some(ORIGIN.1));
    let exposed = answer.header("access-control-expose-headers").unwrap();
    for name in ["etag", "link", "location", "x-request-id"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    // Caches must not give one page what was meant for another.
    assert!(
        answer.header("vary").unwrap().contains("Origin"),
        "{answer:?}"
    );
    // The context of a trace comes from a page like from anything else.
    let traced = (
        headers.0,
        "content-type,traceparent,tracestate,x-request-id",
    );
    let answer = client.send("OPTIONS", "/users/1", &[ORIGIN, method, traced], None);
    assert_eq!(answer.status, 200, "{answer:?}");
    let long = format!("/users?{}", "x".repeat(9000));
    let answer = client.send("GET", &long, &[ORIGIN], None);
    assert_eq!(
        (answer.status, answer.header(ALLOW_ORIGIN)),
        (414, Some(ORIGIN.1))
    );
    // A browser asks before it sends what is not simple, and is told no; what is
    // simple is served, for nobody but the page could be harmed by reading it.
    let answer = client.send("OPTIONS", "/users/1", &[FOREIGN, method, headers], None);
    assert_eq!(answer.header(ALLOW_ORIGIN), None, "{answer:?}");
    let answer = client.send("GET", "/users", &[FOREIGN], None);
    assert_eq!((answer.status, answer.header(ALLOW_ORIGIN)), (200, None));
    // The service's own pages, such as /docs, name an origin too.
    let own = format!("http://{}", server.address());
    let answer = client.send("GET", "/users", &[("origin", &own)], None);
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn a_page_that_may_not_read_cannot_make_a_browser_write() {
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let client = server.client();
    let body = serde_json::json!({"name": "Ada", "email": "ada@example.org"});
    // The media types that a browser sends without asking first.
    for simple in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let headers = [FOREIGN, ("content-type", simple)];
        let answer = client.send("POST", "/users", &headers, Some(&body));
        assert_eq!(answer.status, 415, "{answer:?}");
    }
}

#[test]
fn the_database_may_be_named_by_a_file() {
    let sandbox = Sandbox::new();
    let url = format!("sqlite:{}\n", sandbox.path("other.db").display());
    fs::write(sandbox.path("url"), url).unwrap();
    let mut migrate = sandbox.bylinectl(&["migrate"]);
    migrate.env("DATABASE_URL_FILE", "url");
    Ended::well(migrate);
    let server = serve(&sandbox, &[("DATABASE_URL_FILE", "url")]);
    assert_eq!(server.client().get("/readyz").status, 200);
    assert!(!sandbox.path("byline.db").exists());
    drop(server);
    // As deployments leave a variable that they do not use.
    let empty = [("DATABASE_URL_FILE", "url"), ("DATABASE_URL", "")];
    let server = serve(&sandbox, &empty);
    assert_eq!(server.client().get("/readyz").status, 200);
    assert!(!sandbox.path("byline.db").exists());
    let mut shown = sandbox.byline();
    shown.arg("--print-config").envs(empty);
    let shown = Ended::well(shown);
    let line = shown.lines().find(|line| line.starts_with("DATABASE_URL "));
    assert!(line.unwrap().contains("DATABASE_URL_FILE"), "{shown}");
    let mut check = sandbox.bylinectl(&["check"]);
    check.envs(empty);
    Ended::well(check);
}
