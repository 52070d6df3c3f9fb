//! Bodies of requests, up to the JSON in them.

use std::time::{Duration, Instant};

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::{Bytes, Payload};
use tokio::time::timeout_at;

use crate::problem::{Code, Problem};

/// The largest body that is read.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;

/// How long a body may take from when it is asked for: what is as large as may
/// be then comes at 100 KiB a second.
const LONGEST: Duration = Duration::from_secs(10);

/// The media types that a body may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// `application/json`
    Json,
    /// `application/merge-patch+json` (RFC 7396), or `application/json`, which
    /// most clients send.
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

/// Reads a body to its end, but neither beyond the limit nor past the deadline.
pub(crate) async fn read(
    headers: &HeaderMap,
    payload: Payload,
    media: Media,
    deadline: Instant,
) -> Result<Bytes, Problem> {
    check_type(headers, media)?;
    if announced(headers).is_some_and(|length| length > MAX_BODY_BYTES) {
        return Err(too_large());
    }
    let deadline = deadline.min(Instant::now() + LONGEST);
    let body = timeout_at(deadline.into(), payload.to_bytes_limited(MAX_BODY_BYTES)).await;
    match body {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(_))) => Err(Problem::new(
            Code::BadRequest,
            "The body broke off before its end.",
        )),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => {
            let code = Code::RequestTimeout;
            Err(Problem::new(code, code.meaning()))
        }
    }
}

fn too_large() -> Problem {
    Problem::new(Code::BodyTooLarge, Code::BodyTooLarge.meaning())
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Refuses encoded bodies. They are never decoded: a few hundred bytes can
/// unfold to half a gigabyte.
pub(crate) fn check_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    let encoded = headers.get_all(header::CONTENT_ENCODING).any(|value| {
        !value
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"identity")
    });
    if encoded {
        let code = Code::UnsupportedContentEncoding;
        // RFC 9110 section 12.5.3: how the body should have been sent.
        return Err(Problem::new(code, code.meaning()).with_header(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static("identity"),
        ));
    }
    Ok(())
}

fn check_type(headers: &HeaderMap, media: Media) -> Result<(), Problem> {
    let mut lines = headers.get_all(header::CONTENT_TYPE);
    let accepted = match (lines.next(), lines.next()) {
        (Some(only), None) => is_accepted(only, media),
        _ => false,
    };
    if accepted {
        return Ok(());
    }
    let names = media.names();
    Err(Problem::new(
        Code::UnsupportedMediaType,
        format!("The body must have one of these as its `Content-Type`: {names}."),
    )
    .with_header(media.answer_header(), HeaderValue::from_static(names)))
}

fn is_accepted(value: &HeaderValue, media: Media) -> bool {
    let Ok(text) = value.to_str() else {
        return false;
    };
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    media
        .names()
        .split(", ")
        .any(|name| essence.eq_ignore_ascii_case(name))
        && parts.all(|parameter| parameter.is_empty() || is_utf8(parameter))
}

/// JSON is UTF-8 whatever the parameter says (RFC 8259 section 11), so only the
/// superfluous one may stand.
fn is_utf8(parameter: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.eq_ignore_ascii_case("charset")
            && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &str, media: Media) -> bool {
        is_accepted(&HeaderValue::from_str(value).unwrap(), media)
    }

    #[test]
    fn json_is_json() {
        for value in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json;",
        ] {
            assert!(accepted(value, Media::Json), "{value}");
            assert!(accepted(value, Media::MergePatch), "{value}");
        }
        assert!(accepted(
            "application/merge-patch+json; charset=utf-8",
            Media::MergePatch
        ));
    }

    #[test]
    fn nothing_else_is() {
        for value in [
            "",
            "text/plain",
            "application/jsonp",
            "application/json, text/plain",
            "application/json; charset=latin1",
            "application/json; version=2",
            "application/json-patch+json",
            "application/merge-patch+json",
            "json",
        ] {
            assert!(!accepted(value, Media::Json), "{value}");
        }
        assert!(!accepted("application/json-patch+json", Media::MergePatch));
    }
}
