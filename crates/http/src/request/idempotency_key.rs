//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

use actix_web::http::header::{HeaderMap, HeaderName};

use crate::problem::{Code, Problem};
use crate::request::header_list::unquote;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Marks a response that was stored for an earlier request with the same key.
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

const MAX_CHARACTERS: usize = 255;

/// Returns the key of a request.
///
/// # Errors
///
/// There are several headers, or the key is malformed. If it were ignored, a repeated
/// request would take effect again.
pub(crate) fn of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut lines = headers.get_all(IDEMPOTENCY_KEY);
    match (lines.next(), lines.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => parse(only.as_bytes()).map(Some).ok_or_else(malformed),
        _ => Err(malformed()),
    }
}

/// Parses a string of RFC 8941 (section 3.3.3), which the draft demands, or the same
/// text without quotes, which most clients send. A comma must be in quotes: a proxy
/// may have joined two headers.
///
/// The crate `sfv` parses the first form only, and would replace four lines of this.
fn parse(text: &[u8]) -> Option<String> {
    let key = match text.trim_ascii() {
        quoted @ [b'"', ..] => {
            let key = unquote(quoted)?;
            // Nothing else may be escaped.
            let escapes = key.iter().filter(|byte| b"\"\\".contains(byte)).count();
            Some(key).filter(|key| key.len() + escapes + 2 == quoted.len())?
        }
        bare if bare.iter().any(|byte| b"\",".contains(byte)) => return None,
        bare => bare.to_vec(),
    };
    let fits = (1..=MAX_CHARACTERS).contains(&key.len());
    let key = String::from_utf8(key).ok()?;
    (fits && key.bytes().all(|byte| byte.is_ascii_graphic())).then_some(key)
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

    /// Returns `None` if they are refused.
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
