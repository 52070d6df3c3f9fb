//! A canonical form of requests, which distinguishes a repeated request from another one
//! with the same `Idempotency-Key`.

use actix_web::http::header::{self, HeaderName};
use byline_application::Digest;
use byline_application::idempotency::IdempotentRequest;
use serde_json::{Value, json};

use crate::request::context::RequestContext;

impl RequestContext {
    /// Returns the claim of this request to its `Idempotency-Key`, if it has one. `body`
    /// returns what its body means, once it is validated.
    pub(crate) fn claim(&self, body: impl FnOnce() -> Value) -> Option<IdempotentRequest> {
        let key = self.write_options.key.as_deref()?;
        let request = json!({
            "method": self.request.method().as_str(),
            "path": self.request.path().trim_end_matches('/'),
            "query": self.query.sorted(),
            "if-match": self.lines(&header::IF_MATCH),
            "if-none-match": self.lines(&header::IF_NONE_MATCH),
            "body": body(),
        });
        // `Value` sorts its members by name.
        let fingerprint = Digest::of(&[request.to_string().as_bytes()]);
        let owner = self.requester.credential();
        Some(IdempotentRequest::new(owner, key, fingerprint))
    }

    fn lines(&self, name: &HeaderName) -> Vec<String> {
        let lines = self.headers().get_all(name);
        lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()).trim().to_owned())
            .collect()
    }
}
