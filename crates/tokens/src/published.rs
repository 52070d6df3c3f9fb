//! A JSON Web Key Set (RFC 7517 section 5) as issuers publish it.

use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::Value;

use crate::keys::Keys;
use crate::quoted;

/// The size limit of a key set in bytes.
pub(crate) const MAX_BYTES: u64 = 256 * 1024;

/// Why a document cannot be used as a key set.
#[derive(Debug, thiserror::Error)]
pub enum NotKeys {
    /// It exceeds the size limit.
    #[error("the keys are more than 256 KiB")]
    TooLarge,
    /// It is empty.
    #[error("there is nothing where the keys should be")]
    Nothing,
    /// It is HTML or XML.
    #[error("there is a page (HTML or XML) where the keys should be, not a JSON Web Key Set")]
    Markup,
    /// It is the metadata of the issuer, which has the address of the keys.
    #[error(
        "this is the configuration of the issuer, not its keys: set the address that it names as \
         `jwks_uri`, {0}"
    )]
    Configuration(String),
    /// It is not a key set.
    #[error("the keys are no JSON Web Key Set, which is an object with `keys`, a list")]
    Malformed(#[source] serde_json::Error),
    /// The set has no keys.
    #[error("the key set is empty")]
    Empty,
    /// The service can use none of the keys.
    #[error("none of the keys can be used: {0}")]
    NoneUsable(String),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// Reads the keys of a set that may be used with some of `allowed`.
pub(crate) fn read(bytes: &[u8], allowed: &[Algorithm]) -> Result<Keys, NotKeys> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        return Err(NotKeys::TooLarge);
    }
    // A byte order mark may be ignored (RFC 8259 section 8.1).
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let set: Set = match bytes.trim_ascii_start().first() {
        None => return Err(NotKeys::Nothing),
        Some(b'<') => return Err(NotKeys::Markup),
        Some(_) => serde_json::from_slice(bytes).map_err(|error| malformed(bytes, error))?,
    };
    if set.keys.is_empty() {
        return Err(NotKeys::Empty);
    }
    let (keys, ignored) = Keys::from_set(&set.keys, allowed);
    if keys.is_empty() {
        return Err(NotKeys::NoneUsable(summary(&ignored)));
    }
    Ok(keys)
}

fn malformed(bytes: &[u8], error: serde_json::Error) -> NotKeys {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    match document.get("jwks_uri").and_then(Value::as_str) {
        Some(address) => NotKeys::Configuration(quoted(address)),
        None => NotKeys::Malformed(error),
    }
}

fn summary(ignored: &[String]) -> String {
    const SHOWN: usize = 5;
    let mut shown = ignored.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    if let Some(more @ 1..) = ignored.len().checked_sub(SHOWN) {
        shown.push(format!("and {more} more"));
    }
    shown.join("; ")
}

#[cfg(test)]
mod tests;
