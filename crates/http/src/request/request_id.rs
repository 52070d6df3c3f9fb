use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The id of a request in its response and in the logs.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

/// The header with the id, in requests and responses.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl RequestId {
    const MAX_LENGTH: usize = 128;

    /// Returns the client's id, if it sent exactly one that is valid, or a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut sent = headers.get_all(X_REQUEST_ID);
        match (sent.next(), sent.next()) {
            (Some(id), None) if is_valid(id.as_bytes()) => Self(id.clone()),
            _ => Self::generate(),
        }
    }

    fn generate() -> Self {
        let mut buffer = Uuid::encode_buffer();
        let text = Uuid::new_v4().hyphenated().encode_lower(&mut buffer);
        // Never fails: hexadecimal digits and hyphens are valid in a header.
        Self(HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unknown")))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Returns whether an id is short enough for log lines, and has only the unreserved
/// characters of RFC 3986, which have no meaning in logs, URLs and shells.
fn is_valid(id: &[u8]) -> bool {
    (1..=RequestId::MAX_LENGTH).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sent: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for id in sent {
            headers.append(X_REQUEST_ID, HeaderValue::from_str(id).unwrap());
        }
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_valid_id_is_kept() {
        let longest = "x".repeat(128);
        for id in ["a", "A-z_0"[..3].as_ref(), "a.b~c-d", &longest] {
            assert_eq!(of(&[id]), id);
        }
    }

    #[test]
    fn anything_else_is_replaced_by_a_new_uuid() {
        let too_long = "x".repeat(129);
        for ids in [
            &[][..],
            &[""],
            &["a b"],
            &["a\tb"],
            &["<x>"],
            &[&too_long],
            &["a", "b"],
        ] {
            let given = of(ids);
            assert_eq!(
                Uuid::parse_str(&given).unwrap().get_version_num(),
                4,
                "{ids:?}"
            );
            assert_ne!(given, of(ids));
        }
    }
}
