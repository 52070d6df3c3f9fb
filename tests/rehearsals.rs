//! A write that is only tried leaves nothing behind, and answers as the real
//! one would.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Sandbox, on_each_engine};

const TRY: (&str, &str) = ("prefer", "tx=rollback");

type Write = (&'static str, &'static str, Option<Value>);

/// Every kind of write, those that succeed and those that fail.
fn writes() -> Vec<Write> {
    let eve = json!({"name": "Eve", "email": "eve@example.org"});
    let taken = json!({"name": "Eve", "email": "ADA@example.org"});
    let post = json!({"user_id": 1, "title": "T", "content": "C"});
    let orphan = json!({"user_id": 404, "title": "T", "content": "C"});
    let operations = json!({"operations": [
        {"op": "create", "type": "user", "ref": "zoe", "data": {"name": "Zoe", "email": "zoe@example.org"}},
        {"op": "create", "type": "post", "data": {"user_id": {"$ref": "zoe"}, "title": "T", "content": ""}},
        {"op": "update", "type": "user", "id": 1, "data": {"name": "Countess"}},
        {"op": "delete", "type": "post", "id": 2},
    ]});
    let failing = json!({"operations": [
        {"op": "delete", "type": "post", "id": 3},
        {"op": "delete", "type": "post", "id": 3},
    ]});
    vec![
        ("POST", "/users", Some(eve)),
        ("POST", "/users", Some(taken.clone())),
        ("POST", "/users", Some(json!({"name": ""}))),
        (
            "PUT",
            "/users/1",
            Some(json!({"name": "Ada L.", "email": "ada@example.org"})),
        ),
        ("PATCH", "/users/1", Some(json!({"name": "Ada"}))),
        (
            "PATCH",
            "/users/2",
            Some(json!({"email": "ada@example.org"})),
        ),
        ("PATCH", "/users/404", Some(json!({}))),
        ("POST", "/posts", Some(post.clone())),
        ("POST", "/posts", Some(orphan)),
        (
            "POST",
            "/users/1/posts",
            Some(json!({"title": "T", "content": ""})),
        ),
        ("PUT", "/posts/1", Some(post)),
        ("PATCH", "/posts/1", Some(json!({"content": "changed"}))),
        ("POST", "/batch", Some(failing)),
        ("POST", "/batch", Some(operations)),
        ("DELETE", "/posts/1", None),
        ("DELETE", "/posts/404", None),
        ("DELETE", "/users/1", None),
        ("DELETE", "/users/1?posts=delete", None),
    ]
}

/// Every row of every table.
fn dump(sandbox: &Sandbox) -> Vec<String> {
    // MariaDB counts ids on whatever becomes of them, and notes attempts.
    let own = match sandbox.is_on_server() {
        true => ("write_attempts", "hex(token)"),
        false => ("sqlite_sequence", "name, seq"),
    };
    let mut lines = Vec::new();
    for (table, columns) in [
        (
            "users",
            "id, hex(name), email, created_at, updated_at, version",
        ),
        (
            "posts",
            "id, user_id, hex(title), content, created_at, updated_at, version",
        ),
        ("idempotency_keys", "hex(key_hash), hex(answer)"),
        own,
    ] {
        let query = format!("SELECT concat_ws('|', {columns}) FROM {table} ORDER BY 1");
        let rows = sandbox.column(&query).into_iter();
        lines.extend(rows.map(|row| format!("{table} {row}")));
    }
    lines
}

/// Takes away what no two requests share: ids, times and the request's id.
fn essence(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(essence),
        Value::Object(members) => {
            for name in ["id", "user_id", "created_at", "updated_at", "instance"] {
                members.remove(name);
            }
            members.values_mut().for_each(essence);
        }
        _ => {}
    }
}

fn shown(answer: &Answer) -> (u16, Vec<Option<String>>, Value) {
    let header = |name| answer.header(name).map(str::to_owned);
    let mut headers = vec![
        header("etag"),
        header("content-type"),
        header("cache-control"),
    ];
    let location = header("location");
    headers.push(location.map(|text| {
        text.trim_end_matches(|c: char| c.is_ascii_digit())
            .to_owned()
    }));
    let mut body = match answer.text.as_str() {
        "" => Value::Null,
        _ => answer.json(),
    };
    essence(&mut body);
    (answer.status, headers, body)
}

fn populate(client: &Client) {
    for name in ["ada", "bob"] {
        let user = json!({"name": name, "email": format!("{name}@example.org")});
        assert_eq!(client.post("/users", &user).status, 201);
    }
    for title in ["one", "two", "three"] {
        let post = json!({"user_id": 1, "title": title, "content": ""});
        assert_eq!(client.post("/posts", &post).status, 201);
    }
}

on_each_engine! {
    every_kind_of_write_can_be_tried,
}

fn every_kind_of_write_can_be_tried(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    populate(&client);
    let mut statuses = Vec::new();
    for (number, (method, path, body)) in writes().into_iter().enumerate() {
        let before = dump(sandbox);
        let key = format!("k{number}");
        let tried = client.send(method, path, &[TRY], body.as_ref());
        let keyed = [TRY, ("idempotency-key", key.as_str())];
        let tried_with_key = client.send(method, path, &keyed, body.as_ref());
        assert_eq!(dump(sandbox), before, "{method} {path}");
        let real = client.send(method, path, &keyed[1..], body.as_ref());
        assert_eq!(shown(&tried), shown(&real), "{method} {path}");
        assert_eq!(shown(&tried_with_key), shown(&real), "{method} {path}");
        assert_eq!(real.header("idempotency-replayed"), None);
        let changed = dump(sandbox) != before;
        assert_eq!(changed, real.status < 300, "{method} {path}");
        if changed {
            assert_eq!(tried.header("preference-applied"), Some("tx=rollback"));
            // Tried now, it would be answered as it was.
            let again = client.send(method, path, &keyed, body.as_ref());
            assert_eq!(again.header("idempotency-replayed"), Some("true"));
            assert_eq!(again.text, real.text);
        }
        statuses.push(real.status);
    }
    for status in [200, 201, 204, 404, 409, 422] {
        assert!(statuses.contains(&status), "{status} in {statuses:?}");
    }
}
