//! Lists over HTTP, on a real database.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Sandbox, on_each_engine};

/// Three users of whom two share a name, and four posts of two of them.
fn fill(client: &Client) {
    for (name, email) in [("Bea", "b@x.org"), ("Ada", "c@x.org"), ("Bea", "A@x.org")] {
        let user = client.post("/users", &json!({"name": name, "email": email}));
        assert_eq!(user.status, 201);
    }
    for (author, title) in [(1, "n"), (3, "N"), (1, "n"), (3, "o")] {
        let post = json!({"user_id": author, "title": title, "content": ""});
        assert_eq!(client.post("/posts", &post).status, 201);
    }
}

fn ids(answer: &Answer) -> Vec<i64> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let rows = answer.json();
    let ids = rows.as_array().unwrap().iter();
    ids.map(|row| row["id"].as_i64().unwrap()).collect()
}

fn link(answer: &Answer, rel: &str) -> Option<String> {
    let suffix = format!(">; rel=\"{rel}\"");
    let links = answer.header("link").unwrap().split(", ");
    let mut found = links.filter_map(|link| link.strip_prefix('<')?.strip_suffix(&suffix));
    found.next().map(str::to_owned)
}

on_each_engine! {
    every_sort_is_walked_there_and_back,
    totals_and_authors_come_when_they_are_wanted,
    what_no_index_serves_is_refused,
}

fn every_sort_is_walked_there_and_back(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    fill(&client);
    for (uri, expected) in [
        ("/users?limit=1", vec![1, 2, 3]),
        ("/users?limit=1&sort=-id", vec![3, 2, 1]),
        ("/users?limit=1&sort=name", vec![2, 1, 3]),
        ("/users?limit=1&sort=-name", vec![3, 1, 2]),
        ("/users?limit=1&sort=email", vec![3, 1, 2]),
        ("/users?limit=2&sort=-created_at", vec![3, 2, 1]),
        ("/users?sort=name&name.starts=B&limit=1", vec![1, 3]),
        ("/users?email=a@X.ORG&sort=-name", vec![3]),
        ("/posts?limit=2&sort=title", vec![2, 1, 3, 4]),
        ("/posts?limit=1&sort=-title&title.starts=n", vec![3, 1]),
        ("/posts?limit=1&user_id=3&sort=-updated_at", vec![4, 2]),
        (
            "/users/1/posts?limit=1&sort=created_at&created_at.lt=9999-01-01T00:00:00Z",
            vec![1, 3],
        ),
        ("/posts?user_id=2", vec![]),
    ] {
        let mut answer = client.get(uri);
        let mut seen = ids(&answer);
        while let Some(next) = link(&answer, "next") {
            answer = client.get(&next);
            seen.extend(ids(&answer));
        }
        assert_eq!(seen, expected, "{uri}");
        let mut back = ids(&answer);
        while let Some(prev) = link(&answer, "prev") {
            answer = client.get(&prev);
            back.splice(0..0, ids(&answer));
        }
        assert_eq!(back, expected, "{uri}");
    }
}

fn totals_and_authors_come_when_they_are_wanted(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    fill(&client);
    let prefer = [("prefer", "count=exact")];
    for (uri, total) in [
        ("/users", "3"),
        ("/users?sort=name&name.starts=B&limit=1", "2"),
        ("/users/3/posts?limit=1", "2"),
        ("/posts?sort=title&title.starts=n", "2"),
    ] {
        let answer = client.send("GET", uri, &prefer, None);
        assert_eq!(answer.header("x-total-count"), Some(total), "{uri}");
        assert_eq!(answer.header("preference-applied"), Some("count=exact"));
        assert_eq!(client.get(uri).header("x-total-count"), None);
    }
    let posts = client.get("/posts?embed=user").json();
    let authors: Vec<&Value> = posts
        .as_array()
        .unwrap()
        .iter()
        .map(|post| &post["user"])
        .collect();
    let (one, three) = (client.get("/users/1").json(), client.get("/users/3").json());
    assert_eq!(authors, [&one, &three, &one, &three]);
    assert_eq!(client.get("/posts/2?embed=user").json()["user"], three);
}

fn what_no_index_serves_is_refused(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    for uri in [
        "/users?name.starts=A",
        "/posts?user_id=1&sort=title&created_at.lt=2026-01-01T00:00:00Z",
        "/users?sort=updated_at",
    ] {
        assert_eq!(client.get(uri).problem(), "invalid-parameter", "{uri}");
    }
}
