//! The parsers of what clients send, one function each, for the fuzzer in
//! `fuzz`. Besides not to panic, each must keep what it promises.

#![expect(clippy::panic, reason = "panicking is how a fuzzer is told")]

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use byline_application::batch::MAX_OPERATIONS;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use byline_application::KeysetPosition;
use byline_application::keys::Secret;
use byline_domain::{Timestamp, UserId};

use crate::api::base_url::BaseUrl;
use crate::list::cursor::{Cursor, Fingerprint, KeyValue, Side, encode_with_checksum};
use crate::problem::Problem;
use crate::request::preconditions::Conditions;
use crate::request::prefer::Preferences;
use crate::request::query::Query;
use crate::request::request_id::RequestId;
use crate::request::{authenticate, idempotency_key, json_object};
use crate::resources::{batch, posts, users};

/// Something that reads what a client sent. Panics if it breaks a promise.
pub type FuzzTarget = fn(&[u8]);

/// All of them, by the names of their corpora.
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

/// The largest problem document: it lists a bounded number of faults.
const LARGEST_PROBLEM: u64 = 1024 * 1024;

/// A refusal is the client's fault, and no longer than it may be.
fn refused(problem: Problem) {
    let answer = problem.answer("id", &BaseUrl::default());
    assert!(answer.status().is_client_error(), "{answer:?}");
    match answer.body().size() {
        BodySize::Sized(length) => assert!(length < LARGEST_PROBLEM, "{length}"),
        other => panic!("{other:?}"),
    }
}

/// Cursors: as they come, and forged with a checksum that is right.
pub fn cursor(data: &[u8]) {
    let list = Fingerprint::of(["/users"]);
    let text = match data {
        [0, forged @ ..] => forge(list, forged),
        _ => String::from_utf8_lossy(data).into_owned(),
    };
    if let Ok(cursor) = Cursor::decode(&text, list) {
        // There is only one way to write a cursor.
        assert_eq!(cursor.encode(list), text);
        let _ = cursor.clone().seek::<()>();
        let _ = cursor.clone().seek::<String>();
        let _ = cursor.seek::<Timestamp>();
    }
}

/// A cursor with any content behind what says which list it is of.
fn forge(list: Fingerprint, forged: &[u8]) -> String {
    const OF_LIST: usize = 10;
    let genuine = Cursor {
        side: Side::After,
        position: KeysetPosition {
            key: KeyValue::None,
            id: 1,
        },
    };
    let mut content = URL_SAFE_NO_PAD
        .decode(genuine.encode(list))
        .unwrap_or_default();
    content.truncate(OF_LIST);
    content.extend(forged);
    encode_with_checksum(content)
}

/// Query strings, by the grammars of all lists.
pub fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Query::parse(text, users::PARAMETERS) {
        Ok(query) => {
            if let Err(problem) = users::list::UserListRequest::of(&query) {
                refused(problem);
            }
        }
        Err(problem) => refused(problem),
    }
    match Query::parse(text, posts::PARAMETERS) {
        Ok(query) => {
            if let Err(problem) = posts::list::PostListRequest::of(&query) {
                refused(problem);
            }
        }
        Err(problem) => refused(problem),
    }
}

/// `Authorization`, and the keys in it.
pub fn credential(data: &[u8]) {
    let Some(headers) = header("authorization", data) else {
        return;
    };
    if let Ok(Some(text)) = authenticate::bearer_token(&headers) {
        assert!(!text.is_empty() && text.len() <= authenticate::MAX_CREDENTIAL_BYTES);
        if let Some(secret) = Secret::parse(text) {
            // There is only one way to write a key.
            assert_eq!(secret.reveal(), text);
        }
    }
}

/// `Idempotency-Key`.
pub fn idempotency_key(data: &[u8]) {
    let Some(headers) = header("idempotency-key", data) else {
        return;
    };
    match idempotency_key::of(&headers) {
        Ok(Some(key)) => {
            assert!((1..=255).contains(&key.len()));
            assert!(key.bytes().all(|byte| byte.is_ascii_graphic()));
        }
        Ok(None) => unreachable!("there is a key"),
        Err(problem) => refused(problem),
    }
}

/// The other headers with a grammar: preconditions and preferences.
pub fn headers(data: &[u8]) {
    for name in ["if-match", "if-none-match"] {
        if let Some(headers) = header(name, data)
            && let Err(problem) = Conditions::of(&headers, false)
        {
            refused(problem);
        }
    }
    if let Some(headers) = header("prefer", data)
        && let Err(problem) = Preferences::of(&headers)
    {
        refused(problem);
    }
    if let Some(headers) = header("x-request-id", data) {
        let id = RequestId::of(&headers);
        assert!((1..=128).contains(&id.as_str().len()));
    }
}

/// The one header, unless such bytes can be in none.
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
    match users::request::create(data) {
        Ok(user) => {
            assert!(user.name.as_str().chars().count() <= 255);
            assert!(user.email.as_str().len() <= 254);
            // What can be created can also be changed into.
            assert!(users::request::patch(data).is_ok());
        }
        Err(problem) => refused(problem),
    }
    if let Err(problem) = users::request::patch(data) {
        refused(problem);
    }
}

/// The bodies of posts.
pub fn post(data: &[u8]) {
    match posts::request::create_by(data, json_object::id::<UserId>) {
        Ok((_, title, content)) => {
            assert!(title.as_str().chars().count() <= 255);
            assert!(content.as_str().chars().count() <= 100_000);
            assert!(posts::request::patch_by(data, json_object::id::<UserId>).is_ok());
        }
        Err(problem) => refused(problem),
    }
    if let Err(problem) = posts::request::patch_by(data, json_object::id::<UserId>) {
        refused(problem);
    }
}

/// The body of a batch.
pub fn batch(data: &[u8]) {
    match batch::request::parse(data, false) {
        // Nothing is a batch, too.
        Ok(operations) => assert!(operations.len() <= MAX_OPERATIONS),
        Err(problem) => refused(problem),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn what_the_fuzzer_has_found_before_is_still_borne() {
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
