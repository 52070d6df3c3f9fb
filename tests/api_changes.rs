//! What a client of the last release relies on is still there.
//!
//! `docs/openapi-<version>.json` is the document of a release, kept when it is
//! made; `docs/openapi.json` is that of this revision.

mod breakage;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use breakage::breakages;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn current() -> Value {
    read(&folder().join("openapi.json"))
}

/// The documents of all releases of the same major version; before 1.0.0, of
/// the same minor version.
fn releases() -> Vec<PathBuf> {
    let version = current()["info"]["version"].as_str().unwrap().to_owned();
    let parts: Vec<_> = version.split('.').collect();
    let promise = match parts.as_slice() {
        ["0", minor, ..] => format!("openapi-0.{minor}."),
        [major, ..] => format!("openapi-{major}."),
        [] => unreachable!("a version has parts"),
    };
    let entries = fs::read_dir(folder()).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with(&promise) && name.ends_with(".json")
        })
        .collect()
}

#[test]
fn nothing_that_a_release_promised_is_broken() {
    for release in releases() {
        let found = breakages(&read(&release), &current());
        assert!(found.is_empty(), "since {}: {found:#?}", release.display());
    }
}

#[test]
fn a_document_breaks_nothing_of_itself() {
    assert_eq!(breakages(&current(), &current()), Vec::<String>::new());
}

/// Changes the current document at a JSON pointer; tells what that breaks.
fn broken_by(pointer: &str, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut changed = current();
    change(changed.pointer_mut(pointer).unwrap());
    breakages(&current(), &changed)
}

/// Takes a member away.
fn without(name: &'static str) -> impl FnOnce(&mut Value) {
    move |value| drop(value.as_object_mut().unwrap().remove(name).unwrap())
}

/// Adds a member, or replaces it.
fn with(name: &'static str, member: Value) -> impl FnOnce(&mut Value) {
    move |value| {
        let members = value.as_object_mut().unwrap();
        members.insert(name.to_owned(), member);
    }
}

#[test]
fn what_a_client_would_miss_is_noticed() {
    let create = "/components/schemas/CreateUser";
    let changes = [
        broken_by("/paths", without("/users")),
        broken_by("/paths/~1users", without("post")),
        broken_by("/paths/~1users/get", with("operationId", json!("users"))),
        broken_by("/paths/~1users/get", with("parameters", json!([]))),
        broken_by(
            "/paths/~1users/get/parameters/0",
            with("required", json!(true)),
        ),
        broken_by(
            "/paths/~1users/get/parameters/0/schema",
            with("maximum", json!(10)),
        ),
        broken_by("/paths/~1users/post/responses", without("201")),
        broken_by(
            "/paths/~1users/post/responses/201/headers",
            without("Location"),
        ),
        broken_by(
            "/paths/~1users~1{user_id}/patch/requestBody/content",
            without("application/merge-patch+json"),
        ),
        broken_by(create, with("required", json!(["name", "email", "age"]))),
        broken_by(&format!("{create}/properties"), without("email")),
        broken_by(
            &format!("{create}/properties/name"),
            with("maxLength", json!(100)),
        ),
        broken_by(
            &format!("{create}/properties/name"),
            with("pattern", json!("^A")),
        ),
        broken_by("/components/schemas/User/properties", without("email")),
        broken_by(
            "/components/schemas/User/properties/id",
            with("type", json!("string")),
        ),
        broken_by("/components/schemas/User", with("required", json!(["id"]))),
    ];
    for (index, found) in changes.iter().enumerate() {
        assert!(!found.is_empty(), "change {index}");
    }
}

#[test]
fn what_is_added_breaks_nothing() {
    let text = json!({"type": "string"});
    for found in [
        broken_by(
            "/paths",
            with("/new", json!({"get": {"operationId": "getNew"}})),
        ),
        broken_by(
            "/components/schemas/CreateUser/properties",
            with("nickname", text.clone()),
        ),
        broken_by(
            "/components/schemas/User/properties",
            with("nickname", text),
        ),
        broken_by(
            "/components/schemas/CreateUser/properties/name",
            with("maxLength", json!(300)),
        ),
        broken_by(
            "/components/schemas/CreateUser",
            with("description", json!("A user.")),
        ),
    ] {
        assert_eq!(found, Vec::<String>::new());
    }
}
