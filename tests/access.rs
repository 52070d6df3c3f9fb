//! Who may do what: every operation, for every kind of caller, in every way of
//! asking who it is.

mod key_sets;
mod members;
mod operations;
mod service;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::servers::{Engine, dedicated, on_each_server};
use crate::support::{Ended, Sandbox, Server};
use operations::{Mode, Rule, Who, operations};
use service::{ALL, SECRET, Service, token};

#[test]
fn the_table_has_every_operation_of_the_interface() {
    let sandbox = Sandbox::new();
    let document: Value =
        serde_json::from_str(&Ended::well(sandbox.bylinectl(&["openapi"]))).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("operationId").is_some() {
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    let listed = operations();
    let listed = listed
        .iter()
        .map(|one| (one.method.to_owned(), one.pattern.to_owned()));
    assert_eq!(listed.collect::<BTreeSet<_>>(), described);
}

#[test]
fn nobody_is_asked_without_authentication() {
    Service::start(Mode::None, None).assert_matrix();
}

#[test]
fn keys_open_what_they_are_for_and_nothing_else() {
    let service = Service::start(Mode::Keys, None);
    service.expire();
    service.assert_matrix();
}

#[test]
fn tokens_open_what_they_are_for_and_nothing_else() {
    Service::start(Mode::Jwt, None).assert_matrix();
}

on_each_server! {
    keys_open_the_same,
}

fn keys_open_the_same(engine: Engine) {
    let Some(database) = dedicated(engine, &[]) else {
        return;
    };
    let url = database.schema().url_text("");
    let mut service = Service::start(Mode::Keys, Some(url));
    // The key of somebody whose time is over is revoked there instead.
    let expired = service
        .keys
        .iter()
        .position(|(who, _, _)| *who == Who::Expired)
        .unwrap();
    let mut revoke = service
        .sandbox
        .bylinectl(&["keys", "revoke", &(expired + 1).to_string()]);
    revoke.env("DATABASE_URL", service.url.as_ref().unwrap());
    Ended::well(revoke);
    service.assert_matrix();
    service.keys.clear();
}

#[test]
fn who_may_not_read_cannot_tell_absent_from_foreign() {
    let service = Service::start(Mode::Keys, None);
    let scopes = "users:write,posts:write";
    let mut create = service.sandbox.bylinectl(&[
        "keys", "create", "--name", "blind", "--user", "2", "--scopes", scopes,
    ]);
    create.env("DATABASE_URL", "sqlite:byline.db");
    let bearer = format!("Bearer {}", Ended::well(create).trim());
    let headers = [("authorization", bearer.as_str())];
    let client = service.server.client();
    let told = |method: &str, path: &str, body: Option<Value>| {
        let answer = client.send(method, path, &headers, body.as_ref());
        let digits = |c: char| c.is_ascii_digit();
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap().replace(digits, "");
        (answer.status, answer.problem(), detail)
    };
    let post = || Some(json!({"user_id": 2, "title": "T", "content": ""}));
    let user = || Some(json!({"name": "N", "email": "n@example.org"}));
    for (method, foreign, absent, body) in [
        ("GET", "/posts/1", "/posts/404", None),
        ("PUT", "/posts/1", "/posts/404", post()),
        (
            "PATCH",
            "/posts/1",
            "/posts/404",
            Some(json!({"title": "T"})),
        ),
        ("DELETE", "/posts/1", "/posts/404", None),
        ("GET", "/users/1", "/users/404", None),
        ("PUT", "/users/1", "/users/404", user()),
        (
            "PATCH",
            "/users/1",
            "/users/404",
            Some(json!({"name": "N"})),
        ),
        ("DELETE", "/users/1", "/users/404", None),
        ("GET", "/users/1/posts", "/users/404/posts", None),
        (
            "POST",
            "/users/1/posts",
            "/users/404/posts",
            Some(json!({"title": "T", "content": ""})),
        ),
    ] {
        let foreign = told(method, foreign, body.clone());
        assert_eq!(foreign, told(method, absent, body), "{method}");
        assert!(foreign.0 == 403 || foreign.0 == 404, "{foreign:?}");
    }
}

#[test]
fn a_revocation_and_a_deletion_count_from_the_next_request_on() {
    let service = Service::start(Mode::Keys, None);
    let client = service.server.client();
    let owner = service.credential(Who::Owner, None).unwrap();
    let bearer = format!("Bearer {owner}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "once"),
    ];
    let body = json!({"title": "T", "content": ""});
    let first = client.send("POST", "/users/1/posts", &headers, Some(&body));
    assert_eq!(first.status, 201);
    let again = client.send("POST", "/users/1/posts", &headers, Some(&body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let number = service
        .keys
        .iter()
        .position(|(who, _, _)| *who == Who::Owner)
        .unwrap()
        + 1;
    let mut revoke = service
        .sandbox
        .bylinectl(&["keys", "revoke", &number.to_string()]);
    revoke.env("DATABASE_URL", "sqlite:byline.db");
    Ended::well(revoke);
    // Not even the answer of before is given again.
    for method in ["POST", "GET"] {
        let body = (method == "POST").then_some(&body);
        let refused = client.send(method, "/users/1/posts", &headers, body);
        assert_eq!(
            (refused.status, refused.problem().as_str()),
            (401, "invalid-credential")
        );
    }
    // The other deletes itself, and is nobody from then on.
    let other = format!("Bearer {}", service.credential(Who::Other, None).unwrap());
    let headers = [("authorization", other.as_str())];
    assert_eq!(
        client.send("GET", "/me", &headers, None).json()["user"]["id"],
        2
    );
    assert_eq!(
        client.send("DELETE", "/users/2", &headers, None).status,
        204
    );
    assert_eq!(client.send("GET", "/me", &headers, None).status, 401);
}

#[test]
fn the_first_user_of_a_token_is_the_caller_and_there_is_no_second() {
    let service = Service::start(Mode::Jwt, None);
    let client = service.server.client();
    let bearer = format!("Bearer {}", token("newcomer", &ALL, SECRET, 0));
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", "join"),
    ];
    let me = || client.send("GET", "/me", &headers[..1], None);
    assert_eq!(me().json()["user"], Value::Null);
    let body = json!({"name": "Grace", "email": "grace@example.org"});
    let created = client.send("POST", "/users", &headers, Some(&body));
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(me().json()["user"], created.json());
    // The same request again is the same user; another one is none.
    let again = client.send("POST", "/users", &headers, Some(&body));
    assert_eq!((again.status, again.json()), (201, created.json()));
    let body = json!({"name": "Else", "email": "else@example.org"});
    let second = client.send("POST", "/users", &headers[..1], Some(&body));
    assert_eq!(second.status, 403);
    // And it changes itself, and nobody else.
    let change = json!({"name": "G."});
    let own = created.header("location").unwrap();
    assert_eq!(
        client
            .send("PATCH", own, &headers[..1], Some(&change))
            .status,
        200
    );
    assert_eq!(
        client
            .send("PATCH", "/users/1", &headers[..1], Some(&change))
            .status,
        403
    );
}

#[test]
fn public_reads_open_reading_and_nothing_else() {
    let service = Service::start(Mode::Keys, None);
    let mut byline = service.sandbox.byline();
    byline.env("DATABASE_URL", "sqlite:byline.db");
    byline.env("BYLINE_AUTH", "keys");
    byline.env("BYLINE_PUBLIC_READS", "true");
    let server = Server::start(byline);
    let client = server.client();
    for operation in operations() {
        let headers = [("prefer", "tx=rollback")];
        let answer = client.send(
            operation.method,
            operation.path,
            &headers,
            operation.body.as_ref(),
        );
        let is_open = matches!(operation.rule, Rule::Open | Rule::Scope(_));
        let expected = if is_open { operation.success } else { 401 };
        assert_eq!(
            answer.status, expected,
            "{} {}",
            operation.method, operation.path
        );
    }
    // A credential that is of no use is not taken for none.
    let headers = [("authorization", "Bearer nonsense")];
    assert_eq!(client.send("GET", "/users", &headers, None).status, 401);
}

/// The commands of the README, on a port of the test's own.
#[test]
fn the_protected_service_of_the_readme_works() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let tour = readme
        .split("## A protected service in five lines")
        .nth(1)
        .unwrap();
    let block = tour
        .split("```")
        .nth(1)
        .unwrap()
        .strip_prefix("sh\n")
        .unwrap();
    assert_eq!(block.trim().lines().count(), 5);
    let has = |program: &str| {
        std::process::Command::new(program)
            .arg("--version")
            .output()
            .is_ok()
    };
    if !has("curl") || !has("openssl") {
        return;
    }
    let wait = "until grep -qs '^listening' out; do sleep 0.05; done; A=$(sed -n 's|^listening on http://||p' out)";
    let script = block
        .replace(
            "byline &\n",
            &format!("byline >out & trap \"kill $!\" EXIT; {wait}\n"),
        )
        .replace("curl 127.0.0.1:8080", "curl -sS $A");
    let sandbox = Sandbox::new();
    let folder = sandbox.byline().get_program().to_owned();
    let folder = std::path::Path::new(&folder).parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut bash = std::process::Command::new("bash");
    bash.args(["-euc", &script]).current_dir(sandbox.path("."));
    bash.env("PATH", path).env("BYLINE_LISTEN", "127.0.0.1:0");
    let shown = Ended::well(bash);
    assert!(
        shown.contains(r#"{"id":1,"name":"Ada Lovelace""#),
        "{shown}"
    );
    let me = r#""scopes":["users:read","users:write","posts:read","posts:write"]"#;
    assert!(shown.contains(me), "{shown}");
}
