//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::problem::{Code, Problem};

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Marks the answer to an earlier request with the same key.
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const MOST_CHARACTERS: usize = 255;

/// The key that the sender of a request chose for it.
///
/// # Errors
///
/// Several headers, or one that is no key. To ignore it would let a request
/// take effect twice whose sender relies on the contrary.
pub(crate) fn of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut lines = headers.get_all(IDEMPOTENCY_KEY);
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => parse(only.as_bytes()).map(Some).ok_or_else(malformed),
        _ => Err(malformed()),
    }
}

/// A string of RFC 8941 (section 3.3.3), as the draft has it, or the same
/// without its quotes, as most clients send it. A comma needs the quotes: it
/// may come from two headers that somebody on the way has joined.
fn parse(text: &[u8]) -> Option<String> {
    let key = match text.trim_ascii() {
        [b'"', quoted @ .., b'"'] => unescape(quoted)?,
        bare if bare.iter().any(|byte| b"\",".contains(byte)) => return None,
        bare => bare.to_vec(),
    };
    let fits = (1..=MOST_CHARACTERS).contains(&key.len());
    let key = String::from_utf8(key).ok()?;
    (fits && key.bytes().all(|byte| byte.is_ascii_graphic())).then_some(key)
}

fn unescape(quoted: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter().copied();
    while let Some(byte) = bytes.next() {
        text.push(match byte {
            b'"' => return None,
            b'\\' => bytes.next().filter(|escaped| b"\"\\".contains(escaped))?,
            plain => plain,
        });
    }
    Some(text)
}

fn malformed() -> Problem {
    Problem::new(
        Code::InvalidHeader,
        "There may be one header `Idempotency-Key`, of 1 to 255 visible ASCII characters, in double quotes or without, as in `\"8e03978e-40d5-43e8-bc93-6894a57f9324\"`.",
    )
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    /// None if they are refused.
    fn key_of(lines: &[&str]) -> Option<Option<String>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_str(line).unwrap());
        }
        of(&headers).ok()
    }

    #[test]
    fn reads_keys_with_quotes_and_without() {
        assert_eq!(key_of(&[]), Some(None));
        let longest = "x".repeat(255);
        for (text, key) in [
            ("a", "a"),
            ("\"a\"", "a"),
            ("  a  ", "a"),
            (
                "8e03978e-40d5-43e8-bc93-6894a57f9324",
                "8e03978e-40d5-43e8-bc93-6894a57f9324",
            ),
            (
                "!#$%&'()*+-./:;<=>?@[\\]^_`{|}~",
                "!#$%&'()*+-./:;<=>?@[\\]^_`{|}~",
            ),
            ("\"a,b\"", "a,b"),
            ("\"a\\\"b\\\\\"", "a\"b\\"),
            (&longest, &longest),
            (&format!("\"{longest}\""), &longest),
        ] {
            assert_eq!(key_of(&[text]), Some(Some(key.to_owned())), "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        let too_long = "x".repeat(256);
        for text in [
            "",
            " ",
            "\"",
            "\"\"",
            "\" \"",
            "a b",
            "\"a b\"",
            "a\tb",
            "a,b",
            "a, b",
            "\"a\", \"b\"",
            "\"a",
            "a\"",
            "a\"b",
            "\"a\"b\"",
            "\"a\\\"",
            "\"a\\b\"",
            "\"a\";b=1",
            "käse",
            "\"käse\"",
            &too_long,
            &format!("\"{too_long}\""),
        ] {
            assert_eq!(key_of(&[text]), None, "{text}");
        }
        assert_eq!(key_of(&["a", "a"]), None);
        assert_eq!(key_of(&["a", ""]), None);
    }
}
