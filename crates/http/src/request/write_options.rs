use actix_web::HttpRequest;
use actix_web::http::Method;

use crate::problem::Problem;
use crate::request::idempotency_key;
use crate::request::prefer::Preferences;

/// What the sender of a write wishes beyond the write itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteOptions {
    key: Option<String>,
    preferences: Preferences,
}

impl WriteOptions {
    /// Those of a request that only reads mean nothing.
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

    /// The key that the request names itself by.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(crate) fn preferences(&self) -> &Preferences {
        &self.preferences
    }
}
