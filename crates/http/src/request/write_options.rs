use actix_web::HttpRequest;
use actix_web::http::Method;

use crate::problem::Problem;
use crate::request::idempotency_key;
use crate::request::prefer::Preferences;

/// The idempotency key and the preferences of a write.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteOptions {
    /// The `Idempotency-Key`.
    pub(crate) key: Option<String>,
    pub(crate) preferences: Preferences,
}

impl WriteOptions {
    /// Reads the options from the headers. Those of a read are ignored.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        if matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        ) {
            return Ok(Self::default());
        }
        Ok(Self {
            key: idempotency_key::of(request.headers())?,
            preferences: Preferences::of(request.headers())?,
        })
    }
}
