//! How many requests a caller may send, and what it is told about that
//! (draft-ietf-httpapi-ratelimit-headers).

mod buckets;
mod guard;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::{Quota, RateLimiter};

use crate::middleware::client_address::{self, TrustedProxies};
use crate::problem::{Code, Problem};
use buckets::{BucketKey, Buckets, PeekStore};

pub(crate) use guard::RateLimitGuard;

/// How many requests one caller may send in how long. Who has sent none for a
/// while may send all of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// That many…
    pub requests: NonZeroU32,
    /// …in this time, of whole seconds.
    pub period: Duration,
}

/// The header that tells what is left (section 4 of the draft).
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The header that tells how much there is (section 3 of the draft).
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// After so many requests, buckets that are full again are forgotten.
const SWEEP_AFTER: u32 = 8 * 1024;

/// The limits of one process: requests, per caller or network; and failed
/// authentications, per network, before a credential is looked at.
pub(crate) struct RateLimits<C: Clock = MonotonicClock> {
    limit: RateLimit,
    clock: C,
    requests: RateLimiter<BucketKey, Buckets, C, StateInformationMiddleware>,
    failures: RateLimiter<BucketKey, Buckets, C, StateInformationMiddleware>,
    /// Looks at the failures without adding to them.
    failed: RateLimiter<BucketKey, PeekStore, C, StateInformationMiddleware>,
    seen: AtomicU32,
}

/// One request, as the limits see it.
#[derive(Clone, Copy, Debug)]
struct RateLimitKey {
    network: IpAddr,
    shows_credential: bool,
}

/// What is left to a caller after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QuotaStatus {
    policy: &'static str,
    remaining: u32,
    /// Seconds until there is more: all of it, or after a refusal some.
    more_in: u64,
}

impl RateLimitKey {
    /// Health endpoints are no requests that anybody counts: a balancer must
    /// never be told that an instance is ill because it asks too often.
    fn of(request: &HttpRequest, proxies: &TrustedProxies) -> Option<Self> {
        let path = request.path();
        if matches!(path.strip_suffix('/').unwrap_or(path), "/livez" | "/readyz") {
            return None;
        }
        Some(Self {
            network: client_address::network(request, proxies),
            shows_credential: request.headers().contains_key(header::AUTHORIZATION),
        })
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    pub(crate) fn new(limit: RateLimit, clock: C) -> Self {
        let each = limit.period / limit.requests.get();
        // Periods are not so short that nothing is left of them.
        let quota = Quota::with_period(each.max(Duration::from_nanos(1)))
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
        }
    }

    /// Lets a credential be looked at, unless too many from the same network
    /// were wrong: to find that out costs more than to refuse.
    ///
    /// # Errors
    ///
    /// [`Code::RateLimited`].
    fn check_failures(&self, visit: &RateLimitKey) -> Result<(), Problem> {
        if !visit.shows_credential {
            return Ok(());
        }
        let refused = |until: governor::NotUntil<C::Instant>| {
            let more_in = seconds(until.wait_time_from(self.clock.now()));
            self.refuse(QuotaStatus {
                policy: "failures",
                remaining: 0,
                more_in,
            })
        };
        self.failed
            .check_key(&BucketKey::Network(visit.network))
            .map(drop)
            .map_err(refused)
    }

    /// Counts a request: for whom the credential means, by its digest, or for
    /// the network that it comes from.
    ///
    /// # Errors
    ///
    /// [`Code::RateLimited`].
    fn admit(
        &self,
        visit: &RateLimitKey,
        credential: Option<[u8; 32]>,
    ) -> Result<QuotaStatus, Problem> {
        self.sweep();
        let (policy, key) = match credential {
            Some(digest) => ("caller", BucketKey::Credential(digest)),
            None => ("address", BucketKey::Network(visit.network)),
        };
        match self.requests.check_key(&key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let used = self.limit.requests.get().saturating_sub(remaining);
                let each = self.limit.period / self.limit.requests.get();
                Ok(QuotaStatus {
                    policy,
                    remaining,
                    more_in: seconds(each * used),
                })
            }
            Err(until) => Err(self.refuse(QuotaStatus {
                policy,
                remaining: 0,
                more_in: seconds(until.wait_time_from(self.clock.now())),
            })),
        }
    }

    /// Tells the caller what is left, and remembers a credential that was
    /// wrong.
    fn settle(&self, visit: &RateLimitKey, allowance: QuotaStatus, answer: &mut HttpResponse) {
        if answer.status() == StatusCode::UNAUTHORIZED && visit.shows_credential {
            // Whether this was one too many the next one learns.
            let _ = self.failures.check_key(&BucketKey::Network(visit.network));
        }
        for (name, value) in self.headers(allowance) {
            answer.headers_mut().insert(name, value);
        }
    }

    fn refuse(&self, allowance: QuotaStatus) -> Problem {
        let mut problem = Problem::new(Code::RateLimited, Code::RateLimited.meaning()).with_header(
            header::RETRY_AFTER,
            HeaderValue::from(allowance.more_in.max(1)),
        );
        for (name, value) in self.headers(allowance) {
            problem = problem.with_header(name, value);
        }
        problem
    }

    fn headers(&self, allowance: QuotaStatus) -> [(HeaderName, HeaderValue); 2] {
        let QuotaStatus {
            policy,
            remaining,
            more_in,
        } = allowance;
        let (quota, window) = (self.limit.requests, self.limit.period.as_secs());
        [
            (
                RATE_LIMIT,
                format!("\"{policy}\";r={remaining};t={more_in}"),
            ),
            (
                RATE_LIMIT_POLICY,
                format!("\"{policy}\";q={quota};w={window}"),
            ),
        ]
        .map(|(name, text)| {
            // Digits and the names above make a header value.
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

/// Whole ones, and none too few.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests;
