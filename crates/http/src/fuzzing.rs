//! The parsers of client input, one function each, for the fuzzer in `fuzz`. They must
//! not panic, and each keeps the invariants that its function checks.

#![expect(clippy::panic, reason = "a panic reports a failure to the fuzzer")]

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use byline_application::batch::MAX_OPERATIONS;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_application::keys::Secret;
use byline_application::{KeysetPosition, SortKind, SortValue};
use byline_domain::{PostFields, UserFields};

use crate::api::base_url::BaseUrl;
use crate::list::cursor::{Cursor, Fingerprint, Side, encode_with_checksum};
use crate::list::request::ListRequest;
use crate::problem::Problem;
use crate::request::preconditions::Conditions;
use crate::request::prefer::Preferences;
use crate::request::query::Query;
use crate::request::request_id::RequestId;
use crate::request::{authenticate, idempotency_key};
use crate::resource::{RestResource, body, for_each_entity};
use crate::resources::batch;

/// Parses input of a client, and panics if an invariant is violated.
pub type FuzzTarget = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: [(&str, FuzzTarget); 8] = [
    ("batch", batch),
    ("credential", credential),
    ("cursor", cursor),
    ("headers", headers),
    ("idempotency_key", idempotency_key),
    ("post", post),
    ("query", query),
    ("user", user),
];

/// The maximum size of a problem document, which lists a limited number of errors.
const MAX_PROBLEM_BYTES: u64 = 1024 * 1024;

/// Returns the accepted value. Checks that a refusal has a 4xx status and a limited size.
fn accepted<T>(result: Result<T, Problem>) -> Option<T> {
    let problem = match result {
        Ok(value) => return Some(value),
        Err(problem) => problem,
    };
    let response = problem.answer("id", &BaseUrl::default());
    assert!(response.status().is_client_error(), "{response:?}");
    match response.body().size() {
        BodySize::Sized(length) => assert!(length < MAX_PROBLEM_BYTES, "{length}"),
        other => panic!("{other:?}"),
    }
    None
}

/// Cursors, and forged ones with a valid checksum.
pub fn cursor(data: &[u8]) {
    let list = Fingerprint::of(["/users"]);
    let text = match data {
        [0, forged @ ..] => forge(list, forged),
        _ => String::from_utf8_lossy(data).into_owned(),
    };
    if let Ok(cursor) = Cursor::decode(&text, list) {
        // A cursor has only one encoding.
        assert_eq!(cursor.encode(list), text);
        let _ = cursor.clone().seek(SortKind::Id);
        let _ = cursor.clone().seek(SortKind::Text);
        let _ = cursor.seek(SortKind::Time);
    }
}

/// Returns a cursor of `list` with any content.
fn forge(list: Fingerprint, forged: &[u8]) -> String {
    const LIST_BYTES: usize = 10;
    let genuine = Cursor {
        side: Side::After,
        position: KeysetPosition {
            key: SortValue::None,
            id: 1,
        },
    };
    let mut content = URL_SAFE_NO_PAD
        .decode(genuine.encode(list))
        .unwrap_or_default();
    content.truncate(LIST_BYTES);
    content.extend(forged);
    encode_with_checksum(content)
}

/// The query strings of all lists.
pub fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for_each_entity!(list_query(text));
}

fn list_query<E: RestResource>(text: &str) {
    if let Some(query) = accepted(Query::parse(text, &E::parameters().list)) {
        accepted(ListRequest::<E>::of(E::PATH.to_owned(), None, &query));
    }
}

/// `Authorization`, and API keys in it.
pub fn credential(data: &[u8]) {
    let Some(headers) = header("authorization", data) else {
        return;
    };
    if let Ok(Some(text)) = authenticate::bearer_token(&headers) {
        assert!(!text.is_empty() && text.len() <= authenticate::MAX_CREDENTIAL_BYTES);
        if let Some(secret) = Secret::parse(text) {
            // A key has only one encoding.
            assert_eq!(secret.reveal(), text);
        }
    }
}

/// `Idempotency-Key`.
pub fn idempotency_key(data: &[u8]) {
    let Some(headers) = header("idempotency-key", data) else {
        return;
    };
    if let Some(key) = accepted(idempotency_key::of(&headers)) {
        let Some(key) = key else {
            unreachable!("there is a header");
        };
        assert!((1..=255).contains(&key.len()));
        assert!(key.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}

/// The other headers with a grammar: preconditions, preferences and request ids.
pub fn headers(data: &[u8]) {
    for name in ["if-match", "if-none-match"] {
        if let Some(headers) = header(name, data) {
            accepted(Conditions::of(&headers, false));
        }
    }
    if let Some(headers) = header("prefer", data) {
        accepted(Preferences::of(&headers));
    }
    if let Some(headers) = header("x-request-id", data) {
        let id = RequestId::of(&headers);
        assert!((1..=128).contains(&id.as_str().len()));
    }
}

/// Returns headers with this one; `None` if its value is not valid in a header.
fn header(name: &'static str, data: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(
        HeaderName::from_static(name),
        HeaderValue::from_bytes(data).ok()?,
    );
    Some(headers)
}

/// The bodies of users.
pub fn user(data: &[u8]) {
    row(data, |user: UserFields| {
        assert!(user.name.as_str().chars().count() <= 255);
        assert!(user.email.as_str().len() <= 254);
    });
}

/// The bodies of posts.
pub fn post(data: &[u8]) {
    row(data, |post: PostFields| {
        assert!(post.title.as_str().chars().count() <= 255);
        assert!(post.content.as_str().chars().count() <= 100_000);
    });
}

fn row<E: RestResource>(data: &[u8], check: impl FnOnce(E)) {
    let patch = accepted(body::patch::<E>(data));
    if let Some(row) = accepted(body::create(data)) {
        check(row);
        // The body of a creation is valid for a change, too.
        assert!(patch.is_some());
    }
}

/// The body of a batch, which may be empty.
pub fn batch(data: &[u8]) {
    if let Some(operations) = accepted(batch::request::parse(data, false)) {
        assert!(operations.len() <= MAX_OPERATIONS);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn fuzz_corpus_replays() {
        let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        for (name, target) in TARGETS {
            let entries = fs::read_dir(corpora.join(name)).unwrap();
            let mut replayed = 0;
            for entry in entries {
                target(&fs::read(entry.unwrap().path()).unwrap());
                replayed += 1;
            }
            assert!(replayed > 0, "the corpus of {name} is empty");
        }
    }
}
