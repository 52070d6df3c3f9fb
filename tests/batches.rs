//! Many operations at once, all or none.

use serde_json::{Value, json};

use crate::support::{Answer, Client, Sandbox, Server, on_each_engine};

/// A thousand operations take their time on a machine that is busy.
fn serve(sandbox: &Sandbox) -> Server {
    let mut byline = sandbox.byline();
    byline.env("BYLINE_REQUEST_DEADLINE", "30s");
    Server::start(byline)
}

fn batch(client: &Client, operations: &[Value]) -> Answer {
    client.post("/batch", &json!({"operations": operations}))
}

fn create_user(name: &str) -> Value {
    let email = format!("{name}@example.org");
    json!({"op": "create", "type": "user", "ref": name, "data": {"name": name, "email": email}})
}

fn create_post(author: &str) -> Value {
    json!({
        "op": "create", "type": "post",
        "data": {"user_id": {"$ref": author}, "title": author, "content": "…"},
    })
}

/// Users and a post of each, so many operations in all.
fn couples(operations: usize) -> Vec<Value> {
    (0..operations)
        .map(|number| match number % 2 {
            0 => create_user(&format!("u{number}")),
            _ => create_post(&format!("u{}", number - 1)),
        })
        .collect()
}

fn rows(sandbox: &Sandbox) -> [usize; 3] {
    ["users", "posts", "idempotency_keys"].map(|table| sandbox.count(table))
}

on_each_engine! {
    a_thousand_operations_are_one,
    a_thousand_operations_whose_last_fails_leave_nothing,
    operations_see_what_those_ahead_of_them_did,
}

fn a_thousand_operations_are_one(sandbox: &Sandbox) {
    let server = serve(sandbox);
    let client = server.client();
    let answer = batch(&client, &couples(1000));
    assert_eq!(answer.status, 200, "{answer:?}");
    let results = answer.json();
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), 1000);
    assert_eq!(rows(sandbox), [500, 500, 0]);
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result["status"], 201);
        let (kind, path) = match number % 2 {
            0 => ("user", "users"),
            _ => ("post", "posts"),
        };
        assert_eq!(result["type"], kind);
        // Some of them are looked at: that it is this one, and of whom.
        if number % 100 < 2 {
            let read = client.get(&format!("/{path}/{}", result["id"]));
            assert_eq!(read.header("etag"), result["etag"].as_str());
            let row = read.json();
            assert_eq!(row["created_at"], result["created_at"]);
            let name = format!("u{}", number - number % 2);
            match kind {
                "user" => assert_eq!(row["name"], name),
                _ => {
                    assert_eq!(row["title"], name);
                    assert_eq!(row["user_id"], results[number - 1]["id"]);
                }
            }
        }
    }
}

fn a_thousand_operations_whose_last_fails_leave_nothing(sandbox: &Sandbox) {
    let server = serve(sandbox);
    let client = server.client();
    for (last, status, pointer) in [
        (
            json!({"op": "delete", "type": "post", "id": 4711}),
            404,
            "/operations/999/id",
        ),
        (create_user_again("u0"), 409, "/operations/999/data/email"),
        (
            json!({"op": "create", "type": "post", "data": {"user_id": 4711, "title": "T", "content": ""}}),
            409,
            "/operations/999/data/user_id",
        ),
    ] {
        let mut operations = couples(999);
        operations.push(last);
        let body = json!({"operations": operations});
        let answer = client.send("POST", "/batch", &[("idempotency-key", "k")], Some(&body));
        assert_eq!(answer.status, status, "{answer:?}");
        answer.problem();
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
        assert_eq!(rows(sandbox), [0, 0, 0]);
    }
    // Not even the key is taken.
    let body = json!({"operations": couples(1000)});
    let answer = client.send("POST", "/batch", &[("idempotency-key", "k")], Some(&body));
    assert_eq!(answer.status, 200);
    let again = client.send("POST", "/batch", &[("idempotency-key", "k")], Some(&body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.text, answer.text);
    assert_eq!(rows(sandbox), [500, 500, 1]);
}

fn create_user_again(name: &str) -> Value {
    let mut create = create_user(name);
    create["ref"] = json!("again");
    create
}

fn operations_see_what_those_ahead_of_them_did(sandbox: &Sandbox) {
    let server = serve(sandbox);
    let client = server.client();
    assert_eq!(batch(&client, &couples(4)).status, 200);
    let answer = batch(
        &client,
        &[
            json!({"op": "update", "type": "user", "id": 1, "if_match": "\"1\"", "data": {"name": "Ada"}}),
            json!({"op": "update", "type": "user", "id": 1, "if_match": "\"2\"", "data": {"email": "ada@example.org"}}),
            // Free now.
            create_user_again("u0"),
            json!({"op": "update", "type": "post", "id": 1, "data": {"user_id": {"$ref": "again"}}}),
            // No posts are left.
            json!({"op": "delete", "type": "user", "id": 1, "if_match": "\"3\""}),
            json!({"op": "delete", "type": "user", "id": 2, "posts": "delete"}),
        ],
    );
    assert_eq!(answer.status, 200, "{answer:?}");
    let statuses: Vec<_> = answer
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].clone())
        .collect();
    assert_eq!(statuses, [200, 200, 201, 200, 204, 204]);
    assert_eq!(client.get("/users").json().as_array().unwrap().len(), 1);
    assert_eq!(client.get("/posts").json()[0]["user_id"], 3);

    let stale = json!({"op": "update", "type": "user", "id": 3, "if_match": "\"9\"", "data": {}});
    let refused = batch(&client, &[create_user("new"), stale]);
    assert_eq!(
        (refused.status, refused.problem()),
        (412, "precondition-failed".into())
    );
    assert_eq!(rows(sandbox), [1, 1, 0]);
}
