use std::hash::Hasher;

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use fnv::FnvHasher;

use crate::etag::NoneMatch;
use crate::problem::Problem;

/// The entity tag of something that a release of the program never changes.
/// Weak, because it is the same whether or not the thing was compressed.
#[derive(Debug)]
pub(super) struct FixedTag(String);

impl FixedTag {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut hasher = FnvHasher::default();
        hasher.write(bytes);
        Self(format!("W/\"{:016x}\"", hasher.finish()))
    }

    pub(super) fn header_value(&self) -> HeaderValue {
        // A quoted hexadecimal number makes a header value.
        HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// Whether `If-None-Match` names it, by the weak comparison.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidHeader`](crate::problem::Code::InvalidHeader)
    pub(super) fn is_in(&self, headers: &HeaderMap) -> Result<bool, Problem> {
        if NoneMatch::of(headers)?.is_none() {
            return Ok(false);
        }
        let opaque = self.0.trim_start_matches("W/");
        let named = headers
            .get_all(header::IF_NONE_MATCH)
            .filter_map(|line| line.to_str().ok())
            .any(|line| line.trim() == "*" || line.contains(opaque));
        Ok(named)
    }
}
