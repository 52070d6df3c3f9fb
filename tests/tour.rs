//! The API over HTTP, as its documentation says.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Ended, Sandbox, Server, on_each_engine};

on_each_engine! {
    a_user_and_a_post_from_birth_to_death,
    a_user_goes_with_its_posts_on_request,
    what_was_read_can_be_changed_and_put_back,
    if_match_can_be_required,
    a_list_is_walked_forward_and_back,
    every_broken_rule_is_named_at_once,
    methods_and_paths_are_what_they_are_said_to_be,
}

fn create(client: &Client, path: &str, body: &Value) -> Answer {
    let answer = client.post(path, body);
    assert_eq!(answer.status, 201, "{answer:?}");
    answer
}

/// Without its times, which the test cannot know.
fn without_times(mut row: Value) -> Value {
    let members = row.as_object_mut().unwrap();
    for member in ["created_at", "updated_at"] {
        let time = members.remove(member).unwrap();
        let time = time.as_str().unwrap();
        // 2026-11-22T10:00:00.123456Z
        assert_eq!(time.len(), 27, "{time}");
        assert!(time.ends_with('Z') && time.as_bytes()[10] == b'T', "{time}");
    }
    row
}

fn a_user_and_a_post_from_birth_to_death(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();

    let created = create(
        &client,
        "/users",
        &json!({"name": "Ada Lovelace", "email": "Ada@example.org"}),
    );
    assert_eq!(created.header("location"), Some("/users/1"));
    assert_eq!(created.header("etag"), Some("\"1\""));
    let ada = json!({"id": 1, "name": "Ada Lovelace", "email": "Ada@example.org"});
    assert_eq!(without_times(created.json()), ada);

    let users = client.get("/users");
    assert_eq!((users.status, users.json()), (200, json!([created.json()])));

    let post = create(
        &client,
        "/posts",
        &json!({"user_id": 1, "title": "Notes 📝", "content": "On the\nengine\u{202e} – e\u{301}"}),
    );
    assert_eq!(post.header("location"), Some("/posts/1"));
    let read = client.get("/posts/1");
    assert_eq!((read.status, read.json()), (200, post.json()));
    assert_eq!(client.get("/users/1").json(), created.json());
    assert_eq!(client.get("/users/1/posts").json(), json!([post.json()]));

    let patched = client.send("PATCH", "/posts/1", &[], Some(&json!({"title": "Sketch"})));
    assert_eq!(
        (patched.status, patched.header("etag")),
        (200, Some("\"2\""))
    );
    assert_eq!(patched.json()["title"], "Sketch");
    assert_eq!(patched.json()["content"], post.json()["content"]);
    assert_eq!(client.get("/posts/1").json(), patched.json());

    let refused = client.send("DELETE", "/users/1", &[], None);
    assert_eq!(
        (refused.status, refused.problem().as_str()),
        (409, "user-has-posts")
    );
    let deleted = client.send("DELETE", "/posts/1", &[], None);
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(client.get("/posts/1").problem(), "not-found");
    assert_eq!(client.send("DELETE", "/users/1", &[], None).status, 204);
    assert_eq!(client.get("/users").json(), json!([]));
}

fn a_user_goes_with_its_posts_on_request(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    create(
        &client,
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    let post = create(
        &client,
        "/users/1/posts",
        &json!({"title": "Notes", "content": ""}),
    );
    assert_eq!(post.json()["user_id"], 1);
    assert_eq!(
        client
            .send("DELETE", "/users/1?posts=delete", &[], None)
            .status,
        204
    );
    assert_eq!(client.get("/posts").json(), json!([]));
    // Ids are not given twice.
    let next = create(
        &client,
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    assert_eq!(next.json()["id"], 2);
}

fn what_was_read_can_be_changed_and_put_back(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    let created = create(
        &client,
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    let mut row = created.json();
    row["name"] = "Augusta".into();
    let guard = [("if-match", created.header("etag").unwrap())];
    let put = client.send("PUT", "/users/1", &guard, Some(&row));
    assert_eq!(
        (put.status, put.json()["name"].as_str()),
        (200, Some("Augusta"))
    );
    let late = client.send("PUT", "/users/1", &guard, Some(&row));
    assert_eq!(
        (late.status, late.problem().as_str()),
        (412, "precondition-failed")
    );
    let unchanged = client.send("GET", "/users/1", &[("if-none-match", "\"2\"")], None);
    assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
}

fn if_match_can_be_required(sandbox: &Sandbox) {
    let mut byline = sandbox.byline();
    byline.env("BYLINE_REQUIRE_IF_MATCH", "true");
    let server = Server::start(byline);
    let client = server.client();
    create(
        &client,
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    let bare = client.send("DELETE", "/users/1", &[], None);
    assert_eq!(
        (bare.status, bare.problem().as_str()),
        (428, "precondition-required")
    );
    assert_eq!(
        client
            .send("DELETE", "/users/1", &[("if-match", "*")], None)
            .status,
        204
    );
}

fn a_list_is_walked_forward_and_back(sandbox: &Sandbox) {
    Ended::well(sandbox.bylinectl(&["migrate"]));
    Ended::well(sandbox.bylinectl(&["seed", "--users", "25", "--posts", "60"]));
    let server = sandbox.serve();
    let client = server.client();

    let ids = |items: &[Value]| {
        items
            .iter()
            .map(|item| item["id"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(&client.walk("/users?limit=7")),
        (1..=25).collect::<Vec<_>>()
    );
    let posts = client.walk("/posts?limit=9");
    assert_eq!(ids(&posts), (1..=60).collect::<Vec<_>>());
    let of_one: Vec<_> = posts
        .into_iter()
        .filter(|post| post["user_id"] == 3)
        .collect();
    assert_eq!(client.walk("/users/3/posts?limit=1"), of_one);

    let first = client.get("/users?limit=10");
    let second = client.get(&first.link("next").unwrap());
    let back = client.get(&second.link("prev").unwrap());
    assert_eq!(back.json(), first.json());
    assert_eq!(first.link("prev"), None);
    assert_eq!(second.link("first").as_deref(), Some("/users?limit=10"));

    assert_eq!(
        client.get("/users?limit=101").problem(),
        "invalid-parameter"
    );
    assert_eq!(
        client.get("/users?colour=red").problem(),
        "invalid-parameter"
    );
    let others = first.link("next").unwrap().replace("/users", "/posts");
    assert_eq!(client.get(&others).problem(), "invalid-cursor");
}

fn every_broken_rule_is_named_at_once(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    let answer = client.post(
        "/users",
        &json!({"name": " ", "email": "ada@localhost", "age": 36}),
    );
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (422, "invalid-fields")
    );
    let mut found: Vec<_> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["pointer"].as_str().unwrap().to_owned(),
                error["code"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    found.sort();
    let expected = [
        ("/age", "unknown-member"),
        ("/email", "domain-without-dot"),
        ("/name", "blank"),
    ];
    assert_eq!(
        found,
        expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()))
    );
    // The page that explains the problem exists.
    let page = answer.json()["type"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&page).status, 200);
    let author = client.post(
        "/posts",
        &json!({"user_id": 9, "title": "T", "content": ""}),
    );
    assert_eq!(
        (author.status, author.problem().as_str()),
        (409, "author-missing")
    );
}

fn methods_and_paths_are_what_they_are_said_to_be(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    create(
        &client,
        "/users",
        &json!({"name": "Ada", "email": "ada@example.org"}),
    );
    for path in [
        "/",
        "/users",
        "/users/",
        "/users/1",
        "/users/1/",
        "/users/1/posts",
        "/posts/",
        "/livez",
        "/readyz",
    ] {
        let get = client.get(path);
        let head = client.send("HEAD", path, &[], None);
        assert_eq!((get.status, head.status), (200, 200), "{path}");
        assert_eq!(head.text, "", "{path}");
        assert_eq!(
            head.header("content-length"),
            get.header("content-length"),
            "{path}"
        );
        assert!(get.header("x-request-id").is_some(), "{path}");
        let options = client.send("OPTIONS", path, &[], None);
        assert!(options.header("allow").unwrap().contains("GET"), "{path}");
    }
    let delete = client.send("DELETE", "/users", &[], None);
    assert_eq!(
        (delete.status, delete.problem().as_str()),
        (405, "method-not-allowed")
    );
    assert!(delete.header("allow").unwrap().contains("POST"));
    assert_eq!(client.get("/nowhere").problem(), "unknown-path");
    let named = client.send("GET", "/users/2", &[("x-request-id", "tour-1")], None);
    assert_eq!(named.header("x-request-id"), Some("tour-1"));
    assert_eq!(named.json()["instance"], "tour-1");
}

#[test]
fn the_default_database_is_made_here_and_keeps_its_data() {
    let sandbox = Sandbox::new();
    assert!(!sandbox.path("byline.db").exists());
    let mut server = sandbox.serve();
    assert!(sandbox.path("byline.db").exists());
    let body = json!({"name": "Ada", "email": "ada@example.org"});
    let created = create(&server.client(), "/users", &body).json();
    server.signal(rustix::process::Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let again = sandbox.serve();
    assert_eq!(again.client().get("/users").json(), json!([created]));
}
