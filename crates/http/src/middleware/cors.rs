//! Pages of other origins that may use the service (WHATWG Fetch, section 3.2).

use actix_cors::Cors;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::middleware::Condition;

use crate::api::rate_limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::middleware::trace_context::{TRACEPARENT, TRACESTATE};
use crate::request::idempotency_key::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED};
use crate::request::prefer::{PREFER, PREFERENCE_APPLIED};
use crate::request::request_id::X_REQUEST_ID;
use crate::response::representation::TOTAL_COUNT;

/// The pages that may use the service from a browser. By default only its own.
#[derive(Clone, Debug, Default)]
pub struct CrossOrigin {
    /// Their origins, exactly, such as `https://app.example.org`; or `*` alone,
    /// for every page there is.
    pub origins: Vec<String>,
    /// Whether browsers may send what they know of the user, such as a client
    /// certificate. Never together with `*`.
    pub credentials: bool,
}

impl CrossOrigin {
    /// Returns the headers of an answer that is given before the head of a request
    /// was read to its end, and with it the request's `Origin`. Such an answer has
    /// no body, so that any page may see its status where several are named.
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

/// How long browsers need not ask again, in seconds.
const MAX_AGE: usize = 600;

/// The headers of requests that the service reads. Pages may send all of them:
/// what a browser asks about first, and what it asks about only if a value is long
/// or unusual (`Accept`).
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

/// What pages may read besides what they may read anyway.
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

/// Answers the questions of browsers about pages of other origins; goes inside
/// [`request_context`](crate::request_context).
///
/// A request of a page that may not use the service is served without the
/// headers that would let the page read the answer. It is not refused: requests
/// of the service's own pages name an origin too, and that a page makes a
/// browser change something is prevented by what changes take, a body of
/// `application/json` or a method other than `POST`, about which a browser asks
/// first.
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
