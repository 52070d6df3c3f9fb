use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};

use super::{QuotaStatus, RateLimitKey, RateLimits, TrustedProxies};
use crate::problem::Problem;

/// Applies the limits to one request. Does nothing if there are none, or if the
/// request does not count.
pub(crate) struct RateLimitGuard(Option<LimitedRequest>);

struct LimitedRequest {
    limits: Arc<RateLimits>,
    key: RateLimitKey,
    quota: Option<QuotaStatus>,
}

impl RateLimitGuard {
    pub(crate) fn new(
        limits: Option<&Arc<RateLimits>>,
        proxies: &TrustedProxies,
        request: &HttpRequest,
    ) -> Self {
        Self(limits.and_then(|limits| {
            Some(LimitedRequest {
                limits: Arc::clone(limits),
                key: RateLimitKey::of(request, proxies)?,
                quota: None,
            })
        }))
    }

    /// Checks that the client's network has not failed to authenticate too often.
    ///
    /// # Errors
    ///
    /// [`Code::RateLimited`](crate::problem::Code::RateLimited).
    pub(crate) fn check_failures(&self) -> Result<(), Problem> {
        let Some(request) = &self.0 else {
            return Ok(());
        };
        request.limits.check_failures(&request.key)
    }

    /// Takes the request from the quota of the caller with this digest of a
    /// credential, or of the client's network.
    ///
    /// # Errors
    ///
    /// [`Code::RateLimited`](crate::problem::Code::RateLimited).
    pub(crate) fn admit(&mut self, credential: Option<[u8; 32]>) -> Result<(), Problem> {
        if let Some(request) = &mut self.0 {
            request.quota = Some(request.limits.admit(&request.key, credential)?);
        }
        Ok(())
    }

    /// Adds the remaining quota to the response, and counts a failed authentication.
    pub(crate) fn settle(self, response: &mut HttpResponse) {
        if let Some(LimitedRequest { limits, key, quota }) = self.0
            && let Some(quota) = quota
        {
            limits.settle(&key, quota, response);
        }
    }
}
