//! Mass assignment: members that the interface does not have.

use serde_json::{Value, json};

use crate::support::Sandbox;

#[test]
fn no_member_but_those_of_the_interface_is_taken() {
    /// Every column of every table, and what attackers try elsewhere.
    const SUSPECTS: [&str; 72] = [
        "email_key",
        "version",
        "origin",
        "secret_hash",
        "hint",
        "scopes",
        "expires_at",
        "revoked_at",
        "key_id",
        "last_used_at",
        "identity_hash",
        "key_hash",
        "fingerprint",
        "answer",
        "token",
        "schema_version",
        "role",
        "roles",
        "admin",
        "is_admin",
        "isAdmin",
        "Admin",
        "superuser",
        "is_superuser",
        "is_staff",
        "staff",
        "owner",
        "owner_id",
        "author",
        "author_id",
        "userId",
        "UserId",
        "user",
        "users",
        "posts",
        "account",
        "account_id",
        "tenant",
        "tenant_id",
        "org_id",
        "group",
        "groups",
        "permissions",
        "privileges",
        "scope",
        "acl",
        "password",
        "password_hash",
        "passwd",
        "pwd",
        "secret",
        "api_key",
        "apikey",
        "session",
        "verified",
        "email_verified",
        "is_verified",
        "active",
        "is_active",
        "enabled",
        "status",
        "state",
        "deleted",
        "deleted_at",
        "createdAt",
        "updatedAt",
        "created_by",
        "balance",
        "credits",
        "plan",
        "__proto__",
        "constructor",
    ];
    let sandbox = Sandbox::new();
    let server = sandbox.serve();
    let client = server.client();
    let user = json!({"name": "Ada", "email": "ada@example.org"});
    let created = client.post("/users", &user).json();
    let post = json!({"user_id": 1, "title": "T", "content": ""});
    let written = client.post("/posts", &post).json();
    let mut refused = 0;
    let mut try_all = |method: &str, path: &str, body: &Value, read_only: &[&str]| {
        for member in SUSPECTS.iter().chain(read_only) {
            for value in [json!(1), json!("admin"), json!(true), json!({"a": []})] {
                let mut hostile = body.clone();
                hostile[*member] = value;
                let (sent, pointer) = if path == "/batch" {
                    let kind = if body.get("title").is_some() {
                        "post"
                    } else {
                        "user"
                    };
                    let operation = json!({"op": "create", "type": kind, "data": hostile});
                    (
                        json!({"operations": [operation]}),
                        format!("/operations/0/data/{member}"),
                    )
                } else {
                    (hostile, format!("/{member}"))
                };
                let answer = client.send(method, path, &[], Some(&sent));
                assert_eq!(answer.status, 422, "{method} {path} {member}: {answer:?}");
                let errors = answer.json()["errors"].clone();
                let named = errors
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|one| one["pointer"] == pointer.as_str());
                assert!(named, "{method} {path} {member}: {errors}");
                refused += 1;
            }
        }
    };
    let given = ["id", "created_at", "updated_at"];
    let foreign = ["title", "content", "user_id"];
    let users_only: Vec<_> = given.iter().chain(&foreign).copied().collect();
    let posts_only: Vec<_> = given.iter().copied().chain(["name", "email"]).collect();
    try_all("POST", "/users", &user, &users_only);
    try_all("PUT", "/users/1", &user, &foreign);
    try_all("PATCH", "/users/1", &json!({"name": "X"}), &foreign);
    try_all("POST", "/posts", &post, &posts_only);
    try_all(
        "POST",
        "/users/1/posts",
        &json!({"title": "T", "content": ""}),
        &posts_only,
    );
    try_all("PUT", "/posts/1", &post, &["name", "email"]);
    try_all(
        "PATCH",
        "/posts/1",
        &json!({"title": "X"}),
        &["name", "email"],
    );
    try_all("POST", "/batch", &user, &users_only);
    try_all("POST", "/batch", &post, &posts_only);
    assert!(refused > 9 * 4 * SUSPECTS.len());
    assert_eq!(client.get("/users").json(), json!([created]));
    assert_eq!(client.get("/posts").json(), json!([written]));
    // What reading gave may be sent back, and changes nothing.
    let hostile = json!({"name": "Ada", "id": 9, "created_at": "2000-01-01T00:00:00Z", "updated_at": "2000-01-01T00:00:00Z"});
    let patched = client.send("PATCH", "/users/1", &[], Some(&hostile)).json();
    assert_eq!(
        (&patched["id"], &patched["created_at"]),
        (&created["id"], &created["created_at"])
    );
    assert_ne!(patched["updated_at"], hostile["updated_at"]);
}
