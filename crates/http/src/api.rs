//! The state that all workers of one process share: settings, counters and limits.
//! Imports no other module of the crate but `problem`.

pub(super) mod base_url;
pub(super) mod client_address;
pub(super) mod metrics;
pub(super) mod rate_limit;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::web::Bytes;
use byline_application::{Authentication, Clock, Store};
use governor::clock::MonotonicClock;
use opentelemetry_sdk::trace::SdkTracer;

use base_url::BaseUrl;
use client_address::TrustedProxies;
use metrics::{HttpCounters, HttpMetrics};
use rate_limit::{RateLimit, RateLimits};

/// The REST interface of one process. Clones share their state.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    draining: AtomicBool,
    counters: HttpCounters,
    limits: Option<RateLimits>,
    /// The OpenAPI document, made on first use.
    document: OnceLock<Bytes>,
}

/// Settings of the interface.
#[derive(Clone)]
pub struct Settings {
    /// Time from the arrival of a request to its response, including the time to
    /// read the body.
    pub request_deadline: Duration,
    /// Whether `PUT`, `PATCH` and `DELETE` without `If-Match` are refused with 428
    /// (RFC 6585 section 3).
    pub require_if_match: bool,
    /// Whether to write a log line for every request.
    pub log_requests: bool,
    /// Creates a span for every request, if spans are collected.
    pub tracer: Option<SdkTracer>,
    /// The accepted credentials.
    pub authentication: Authentication,
    /// Rate limits, trusted proxies and TLS.
    pub protection: Protection,
    /// The base of all links. Without it, trusted proxies may name a path prefix.
    pub base_url: Option<BaseUrl>,
    /// The version of the program, for the service document.
    pub version: &'static str,
}

/// Settings that protect the service from its clients and clients from the network.
#[derive(Clone, Debug, Default)]
pub struct Protection {
    /// The number of requests that each caller may send; unlimited if absent.
    pub rate_limit: Option<RateLimit>,
    /// The proxies whose forwarding headers are believed.
    pub proxies: TrustedProxies,
    /// Whether clients use TLS only, so that responses carry
    /// `Strict-Transport-Security` (RFC 6797).
    pub tls: bool,
}

impl Api {
    /// Creates an interface to `store` that reads the time from `clock`.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let rate_limit = settings.protection.rate_limit;
        let limits = rate_limit.map(|limit| RateLimits::new(limit, MonotonicClock));
        Self(Arc::new(Shared {
            store,
            clock,
            settings,
            draining: AtomicBool::new(false),
            counters: HttpCounters::default(),
            limits,
            document: OnceLock::new(),
        }))
    }

    /// Announces that this process is about to end: from now on `/readyz` responds
    /// with 503, and every response closes its connection. Requests are still served.
    pub fn start_draining(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Returns a snapshot of all counters.
    #[must_use]
    pub fn metrics(&self) -> HttpMetrics {
        HttpMetrics {
            rate_limited: self.limits().map_or(0, RateLimits::refused),
            ..self.0.counters.snapshot()
        }
    }

    pub(crate) fn counters(&self) -> &HttpCounters {
        &self.0.counters
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.0.store.as_ref()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.0.clock.as_ref()
    }

    pub(crate) fn limits(&self) -> Option<&RateLimits> {
        self.0.limits.as_ref()
    }

    /// Returns the OpenAPI document of this instance, which `make` creates on first
    /// use.
    pub(crate) fn document(&self, make: fn(&Settings) -> String) -> &Bytes {
        let document = &self.0.document;
        document.get_or_init(|| make(self.settings()).into())
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
