//! Cross-origin resource sharing (WHATWG Fetch, section 3.2).

use actix_cors::Cors;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Condition;

use crate::api::rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::middleware::trace_context::{TRACEPARENT, TRACESTATE};
use crate::request::idempotency_key::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED};
use crate::request::prefer::{PREFER, PREFERENCE_APPLIED};
use crate::request::request_id::X_REQUEST_ID;
use crate::response::representation::TOTAL_COUNT;

/// The web pages that may use the service from a browser: by default only its own.
#[derive(Clone, Debug, Default)]
pub struct CrossOrigin {
    /// Their exact origins, such as `https://app.example.org`; or only `*`, for all
    /// pages.
    pub origins: Vec<String>,
    /// Whether browsers may send credentials of the user, such as a client certificate.
    /// Must not be combined with `*`.
    pub credentials: bool,
}

impl CrossOrigin {
    /// Returns the headers of a response that is sent before the head of the request,
    /// with its `Origin`, is complete. If several origins are allowed, all pages may see
    /// such a response: it has no body.
    #[must_use]
    pub fn headers_for_unread_requests(&self) -> Vec<(HeaderName, HeaderValue)> {
        let any = HeaderValue::from_static("*");
        let (origin, is_named) = match self.origins.as_slice() {
            [] => return Vec::new(),
            [only] => (HeaderValue::from_str(only).unwrap_or(any), only != "*"),
            _ => (any, false),
        };
        let mut headers = vec![(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)];
        if is_named && self.credentials {
            let yes = HeaderValue::from_static("true");
            headers.push((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes));
        }
        headers
    }
}

/// The time that browsers may cache a preflight, in seconds.
const MAX_AGE: usize = 600;

/// The request headers that the service reads, all of which pages may send. Includes
/// those that only need a preflight if their value is unusual (`Accept`).
const ALLOWED: [HeaderName; 11] = [
    header::ACCEPT,
    header::AUTHORIZATION,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    IDEMPOTENCY_KEY,
    PREFER,
    TRACEPARENT,
    TRACESTATE,
    X_REQUEST_ID,
];

/// The response headers that pages may read, besides those that they always may.
const EXPOSED: [HeaderName; 11] = [
    header::ALLOW,
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    IDEMPOTENCY_REPLAYED,
    PREFERENCE_APPLIED,
    RATE_LIMIT,
    RATE_LIMIT_POLICY,
    X_REQUEST_ID,
    TOTAL_COUNT,
];

/// Returns the middleware that answers preflights. It goes inside
/// [`request_context`](crate::request_context).
///
/// A request from a page that may not use the service is served without the headers
/// that let the page read the response. It is not refused, because requests from the
/// service's own pages have an `Origin` too. Such a page cannot change data: changes need
/// a body of `application/json` or a method other than `POST`, so the browser sends a
/// preflight first.
pub fn cors(allowed: &CrossOrigin) -> Condition<Cors> {
    let mut cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers(ALLOWED)
        .expose_headers(EXPOSED)
        .max_age(MAX_AGE)
        .block_on_origin_mismatch(false);
    for origin in &allowed.origins {
        cors = match origin.as_str() {
            "*" => cors.allow_any_origin().send_wildcard(),
            exact => cors.allowed_origin(exact),
        };
    }
    if allowed.credentials {
        cors = cors.supports_credentials();
    }
    Condition::new(!allowed.origins.is_empty(), cors)
}
