//! Pages of other origins that may use the service (WHATWG Fetch, section 3.2).

use actix_cors::Cors;
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::Condition;

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

/// How long browsers need not ask again, in seconds.
const MAX_AGE: usize = 600;

/// What pages may send besides what they may send anyway.
const ALLOWED: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("prefer"),
    HeaderName::from_static("x-request-id"),
];

/// What pages may read besides what they may read anyway.
const EXPOSED: [HeaderName; 11] = [
    header::ALLOW,
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("idempotency-replayed"),
    HeaderName::from_static("preference-applied"),
    crate::limits::RATE_LIMIT,
    crate::limits::RATE_LIMIT_POLICY,
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-total-count"),
];

/// Answers the questions of browsers about pages of other origins; goes inside
/// the envelope.
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
