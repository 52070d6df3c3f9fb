//! Reads the bodies of requests.

use std::time::{Duration, Instant};

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::{Bytes, Payload};
use tokio::time::timeout_at;

use crate::problem::{Code, Problem};
use crate::request::header_list::{Element, elements, is_utf8};

/// The maximum size of a body.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The maximum time to read a body: the largest one then arrives at 100 KiB a second.
const MAX_TIME: Duration = Duration::from_secs(10);

/// The accepted media types of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`
    Json,
    /// `application/merge-patch+json` (RFC 7396), or `application/json`, which most
    /// clients send.
    MergePatch,
}

impl Media {
    const fn names(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::MergePatch => "application/merge-patch+json, application/json",
        }
    }

    const fn answer_header(self) -> HeaderName {
        match self {
            Self::Json => header::ACCEPT,
            Self::MergePatch => HeaderName::from_static("accept-patch"),
        }
    }
}

/// Reads a body.
///
/// # Errors
///
/// The body has another media type, exceeds [`MAX_BODY_BYTES`], is incomplete, or has
/// not arrived by the deadline.
pub(crate) async fn read(
    headers: &HeaderMap,
    payload: Payload,
    media: Media,
    deadline: Instant,
) -> Result<Bytes, Problem> {
    check_type(headers, media)?;
    if content_length(headers).is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(Code::BodyTooLarge.into());
    }
    let deadline = deadline.min(Instant::now() + MAX_TIME);
    let body = timeout_at(deadline.into(), payload.to_bytes_limited(MAX_BODY_BYTES)).await;
    match body {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(_))) => Err(Problem::new(
            Code::BadRequest,
            "The body broke off before its end.",
        )),
        Ok(Err(_)) => Err(Code::BodyTooLarge.into()),
        Err(_) => Err(Code::RequestTimeout.into()),
    }
}

fn content_length(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?;
    length.parse().ok()
}

/// Refuses encoded bodies. They are never decoded: a few hundred bytes can expand to
/// half a gigabyte.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let is_encoded =
        elements(headers, &header::CONTENT_ENCODING).any(|coding| coding.name != "identity");
    if is_encoded {
        // The accepted coding (RFC 9110 section 12.5.3).
        let identity = HeaderValue::from_static("identity");
        let problem = Problem::from(Code::UnsupportedContentEncoding);
        return Err(problem.with_header(header::ACCEPT_ENCODING, identity));
    }
    Ok(())
}

fn check_type(headers: &HeaderMap, media: Media) -> Result<(), Problem> {
    let mut types = elements(headers, &header::CONTENT_TYPE).peekable();
    // Some clients and proxies repeat the header.
    let is_accepted = types.peek().is_some() && types.all(|found| is_accepted(&found, media));
    if is_accepted {
        return Ok(());
    }
    let names = media.names();
    Err(Problem::new(
        Code::UnsupportedMediaType,
        format!("The body must have one of these as its `Content-Type`: {names}."),
    )
    .with_header(media.answer_header(), HeaderValue::from_static(names)))
}

/// Returns whether a body of this type is JSON in UTF-8. Parameters have no meaning (RFC
/// 8259 section 11), but another `charset` is refused: the text that is stored would not
/// be the one that was sent.
fn is_accepted(media_type: &Element, media: Media) -> bool {
    let mut parameters = media_type.parameters();
    media
        .names()
        .split(", ")
        .any(|name| media_type.name == name)
        && parameters.all(|(name, value)| name != "charset" || value.is_empty() || is_utf8(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(lines: &[&str], media: Media) -> bool {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::CONTENT_TYPE, HeaderValue::from_str(line).unwrap());
        }
        check_type(&headers, media).is_ok()
    }

    #[test]
    fn json_is_accepted() {
        for value in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; charset=utf8",
            "application/json; charset=UTF8; charset=utf-8",
            "application/json; charset='utf-8'",
            "application/json ; Charset = \"utf\\-8\"",
            "application/json; charset=\"utf-8",
            "application/json; charset=us-ascii",
            "application/json; charset=",
            "application/json; charset",
            "application/json; version=2",
            "application/json; odata.metadata=minimal; IEEE754Compatible=\"true;,\"",
            "application/json; boundary=x",
            "application/json;",
            "application/json;;",
            "application/json, application/json; charset=utf-8",
        ] {
            assert!(accepted(&[value], Media::Json), "{value}");
            assert!(accepted(&[value], Media::MergePatch), "{value}");
        }
        let twice = ["application/json", "application/json; charset=utf-8"];
        assert!(accepted(&twice, Media::Json));
        assert!(accepted(
            &["application/merge-patch+json; charset=utf-8; version=1"],
            Media::MergePatch
        ));
    }

    #[test]
    fn other_types_are_refused() {
        for value in [
            "",
            ",",
            ";",
            "; charset=utf-8",
            "text/plain",
            "text/plain; application/json",
            "text/plain; x=\", application/json\"",
            "application/jsonp",
            "application / json",
            "application/json, text/plain",
            "application/json; charset=latin1",
            "application/json; charset=utf-16",
            "application/json; charset=utf-8; charset=latin1",
            "application/json-patch+json",
            "application/vnd.api+json",
            "application/merge-patch+json",
            "json",
        ] {
            assert!(!accepted(&[value], Media::Json), "{value}");
        }
        assert!(!accepted(&[], Media::Json));
        assert!(!accepted(&["application/json", "text/plain"], Media::Json));
        assert!(!accepted(
            &["application/json-patch+json"],
            Media::MergePatch
        ));
    }

    fn encoded(lines: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                header::CONTENT_ENCODING,
                HeaderValue::from_str(line).unwrap(),
            );
        }
        check_encoding(&headers).is_err()
    }

    #[test]
    fn every_coding_but_identity_is_refused() {
        for lines in [
            &[][..],
            &[""],
            &["identity"],
            &["Identity, identity"],
            &["identity", ""],
        ] {
            assert!(!encoded(lines), "{lines:?}");
        }
        for lines in [
            &["gzip"][..],
            &["identity, br"],
            &["identity", "deflate"],
            &["x"],
        ] {
            assert!(encoded(lines), "{lines:?}");
        }
    }
}
