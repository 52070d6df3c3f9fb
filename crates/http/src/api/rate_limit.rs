//! Limits on the number of requests of a caller, and the headers that tell it what is
//! left (draft-ietf-httpapi-ratelimit-headers).

mod buckets;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use byline_application::metrics::Counter;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::{NotUntil, Quota, RateLimiter};

use super::client_address::TrustedProxies;
use crate::problem::{Code, Problem};
use buckets::{BucketKey, Buckets, PeekStore};

/// The number of requests that one caller may send in a period. A caller that has
/// been idle may send all of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per period.
    pub requests: NonZeroU32,
    /// The period, in whole seconds.
    pub period: Duration,
}

/// The response header with the remaining quota (section 4 of the draft).
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The response header with the whole quota (section 3 of the draft).
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The number of requests after which buckets that are full again are dropped.
const SWEEP_AFTER: u32 = 8 * 1024;

/// The limits of one process: on requests, per caller or network; and on failed
/// authentications, per network, which is checked before a credential is.
pub(crate) struct RateLimits<C: Clock = MonotonicClock> {
    limit: RateLimit,
    clock: C,
    requests: RateLimiter<BucketKey, Buckets, C, StateInformationMiddleware>,
    failures: RateLimiter<BucketKey, Buckets, C, StateInformationMiddleware>,
    /// Reads the buckets of `failures` without taking from them.
    failed: RateLimiter<BucketKey, PeekStore, C, StateInformationMiddleware>,
    seen: AtomicU32,
    refused: Counter,
}

/// What the limits need to know of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimitKey {
    network: IpAddr,
    has_credential: bool,
}

/// The remaining quota of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuotaStatus {
    policy: &'static str,
    remaining: u32,
    /// Seconds until the quota is full again, or after a refusal until one more
    /// request is allowed.
    reset: u64,
}

impl RateLimitKey {
    /// Returns `None` for the health endpoints, which have no limit: a load balancer
    /// must not take an instance for ill because it asks too often.
    pub(crate) fn of(request: &HttpRequest, proxies: &TrustedProxies) -> Option<Self> {
        let path = request.path();
        let is_health = matches!(path.strip_suffix('/').unwrap_or(path), "/livez" | "/readyz");
        (!is_health).then(|| Self {
            network: proxies.client_network(request),
            has_credential: request.headers().contains_key(header::AUTHORIZATION),
        })
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    pub(crate) fn new(limit: RateLimit, clock: C) -> Self {
        // At least 1 ns, which `Quota` requires.
        let interval = limit.interval().max(Duration::from_nanos(1));
        let quota = Quota::with_period(interval)
            .unwrap_or(Quota::per_second(limit.requests))
            .allow_burst(limit.requests);
        let failures = Buckets::default();
        Self {
            limit,
            requests: RateLimiter::new(quota, Buckets::default(), clock.clone()),
            failures: RateLimiter::new(quota, failures.clone(), clock.clone()),
            failed: RateLimiter::new(quota, PeekStore(failures), clock.clone()),
            clock,
            seen: AtomicU32::new(0),
            refused: Counter::default(),
        }
    }

    /// Returns how many requests were refused.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.get()
    }

    /// Checks that the network has not failed to authenticate too often. This costs
    /// less than to verify one more wrong credential.
    pub(crate) fn check_failures(&self, key: &RateLimitKey) -> Result<(), Problem> {
        if !key.has_credential {
            return Ok(());
        }
        let checked = self.failed.check_key(&BucketKey::Network(key.network));
        checked
            .map(drop)
            .map_err(|until| self.refuse("failures", &until))
    }

    /// Takes a request from the quota of the caller with this digest of a credential,
    /// or of the network.
    pub(crate) fn admit(
        &self,
        key: &RateLimitKey,
        credential: Option<[u8; 32]>,
    ) -> Result<QuotaStatus, Problem> {
        self.sweep();
        let (policy, bucket) = match credential {
            Some(digest) => ("caller", BucketKey::Credential(digest)),
            None => ("address", BucketKey::Network(key.network)),
        };
        let checked = self.requests.check_key(&bucket);
        let state = checked.map_err(|until| self.refuse(policy, &until))?;
        let remaining = state.remaining_burst_capacity();
        let used = self.limit.requests.get().saturating_sub(remaining);
        Ok(QuotaStatus {
            policy,
            remaining,
            reset: seconds(self.limit.interval() * used),
        })
    }

    /// Adds the remaining quota to a response, and counts a failed authentication.
    pub(crate) fn settle(
        &self,
        key: &RateLimitKey,
        quota: QuotaStatus,
        response: &mut HttpResponse,
    ) {
        if response.status() == StatusCode::UNAUTHORIZED && key.has_credential {
            // Ignored: the next request checks the limit.
            let _ = self.failures.check_key(&BucketKey::Network(key.network));
        }
        for (name, value) in self.headers(quota) {
            response.headers_mut().insert(name, value);
        }
    }

    fn refuse(&self, policy: &'static str, until: &NotUntil<C::Instant>) -> Problem {
        self.refused.increment();
        let reset = seconds(until.wait_time_from(self.clock.now()));
        let [limit, limit_policy] = self.headers(QuotaStatus {
            policy,
            remaining: 0,
            reset,
        });
        Problem::from(Code::RateLimited)
            .with_header(header::RETRY_AFTER, HeaderValue::from(reset.max(1)))
            .with_header(limit.0, limit.1)
            .with_header(limit_policy.0, limit_policy.1)
    }

    fn headers(&self, status: QuotaStatus) -> [(HeaderName, HeaderValue); 2] {
        let QuotaStatus {
            policy,
            remaining,
            reset,
        } = status;
        let (quota, window) = (self.limit.requests, self.limit.period.as_secs());
        let limit = format!("\"{policy}\";r={remaining};t={reset}");
        let limit_policy = format!("\"{policy}\";q={quota};w={window}");
        [(RATE_LIMIT, limit), (RATE_LIMIT_POLICY, limit_policy)].map(|(name, text)| {
            // Never fails: digits and policy names are valid in a header.
            let value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
            (name, value)
        })
    }

    fn sweep(&self) {
        if self.seen.fetch_add(1, Ordering::Relaxed) % SWEEP_AFTER == SWEEP_AFTER - 1 {
            for buckets in [&self.requests, &self.failures] {
                buckets.retain_recent();
                buckets.shrink_to_fit();
            }
        }
    }
}

impl RateLimit {
    /// Returns the time in which one more request becomes available.
    fn interval(self) -> Duration {
        self.period / self.requests.get()
    }
}

/// Rounds up to whole seconds.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests;
