use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::web::Bytes;
use byline_application::{Authentication, Clock, Store};
use governor::clock::MonotonicClock;
use opentelemetry_sdk::trace::SdkTracer;

use crate::middleware::client_address::TrustedProxies;
use crate::middleware::metrics::{HttpCounters, HttpMetrics};
use crate::middleware::rate_limit::{RateLimit, RateLimits};
use crate::request::base_url::BaseUrl;
use crate::request::weak_tag::WeakTag;

/// The REST interface of one process: what all its workers share. A clone is
/// the same interface.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    draining: AtomicBool,
    meters: HttpCounters,
    limits: Option<RateLimits>,
    /// The OpenAPI document, made when it is first asked for.
    document: OnceLock<(Bytes, WeakTag)>,
}

/// What an operator decides about the interface.
#[derive(Clone)]
pub struct Settings {
    /// How long a request may take, from its arrival to its answer, the body
    /// included.
    pub request_deadline: Duration,
    /// Whether `PUT`, `PATCH` and `DELETE` need `If-Match`; without it they are
    /// answered 428 (RFC 6585 section 3).
    pub require_if_match: bool,
    /// Whether every request is logged when it is answered.
    pub log_requests: bool,
    /// What makes a span of every request, if spans are collected.
    pub tracer: Option<SdkTracer>,
    /// Which credentials are taken.
    pub authentication: Authentication,
    /// What it does about too many requests, and about who sends them.
    pub protection: Protection,
    /// What links begin with; without it, what trusted proxies say.
    pub base_url: Option<BaseUrl>,
    /// The program's version, for the service document.
    pub version: &'static str,
}

/// What the interface does about too many requests, and whom it believes what.
#[derive(Clone, Debug, Default)]
pub struct Protection {
    /// How many requests each caller may send; without it, any number.
    pub rate_limit: Option<RateLimit>,
    /// Who may say whom a request comes from.
    pub proxies: TrustedProxies,
    /// Whether clients reach the interface by TLS only, and are told so (RFC
    /// 6797).
    pub tls: bool,
}

impl Api {
    /// An interface to what `store` holds. `clock` says when things happen.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let limits = settings
            .protection
            .rate_limit
            .map(|limit| RateLimits::new(limit, MonotonicClock));
        Self(Arc::new(Shared {
            limits,
            document: OnceLock::new(),
            store,
            clock,
            settings,
            draining: AtomicBool::new(false),
            meters: HttpCounters::new(),
        }))
    }

    /// Tells load balancers and clients that this process is about to end:
    /// `/readyz` answers 503 from now on and connections are closed after their
    /// next answer. Requests are served all the same.
    pub fn start_draining(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// What the interface has done and is doing.
    #[must_use]
    pub fn metrics(&self) -> HttpMetrics {
        self.0.meters.snapshot()
    }

    pub(crate) fn meters(&self) -> &HttpCounters {
        &self.0.meters
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

    /// Returns the OpenAPI document of this instance and its tag. `make` makes it when
    /// it is first asked for.
    pub(crate) fn document(&self, make: fn(&Settings) -> String) -> &(Bytes, WeakTag) {
        self.0.document.get_or_init(|| {
            let text = make(&self.0.settings);
            let tag = WeakTag::of(text.as_bytes());
            (text.into(), tag)
        })
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
