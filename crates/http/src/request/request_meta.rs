use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::RequestHead;
use actix_web::{HttpMessage, HttpRequest};
use byline_application::{JobOptions, JobTimes};

use crate::api::Api;
use crate::api::base_url::BaseUrl;
use crate::api::metrics::UNKNOWN_ROUTE;
use crate::request::authenticate::Requester;
use crate::request::request_id::RequestId;

/// A request's id, times, route and requester. An extension of every request.
#[derive(Clone)]
pub(crate) struct RequestMeta {
    pub(crate) id: RequestId,
    pub(crate) at: Instant,
    pub(crate) deadline: Instant,
    /// The base of the links in the response.
    pub(crate) base: BaseUrl,
    /// The path template. Dispatch sets it.
    pub(crate) route: &'static str,
    /// The times of the request's jobs, if they are logged or traced.
    pub(crate) times: Option<Arc<JobTimes>>,
    /// Set if it is logged or traced.
    pub(crate) requester: Requester,
}

impl RequestMeta {
    pub(crate) fn new(api: &Api, head: &RequestHead) -> Self {
        const MAX_DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);
        let at = Instant::now();
        let settings = api.settings();
        let base = settings.base_url.clone().unwrap_or_else(|| {
            let prefix = settings.protection.proxies.prefix(head);
            prefix.map(BaseUrl::from_prefix).unwrap_or_default()
        });
        let is_recorded = settings.log_requests || settings.tracer.is_some();
        Self {
            id: RequestId::of(head.headers()),
            at,
            deadline: at + settings.request_deadline.min(MAX_DEADLINE),
            base,
            route: UNKNOWN_ROUTE,
            times: is_recorded.then(Arc::default),
            requester: Requester::NOT_CHECKED,
        }
    }

    /// Returns the options of the request's jobs.
    pub(crate) fn job_options(&self) -> JobOptions {
        JobOptions {
            deadline: self.deadline,
            times: self.times.clone(),
        }
    }

    /// Returns how long the request's jobs waited for a thread of the store.
    pub(crate) fn queued(&self) -> Duration {
        let times = self.times.as_deref();
        times.map_or(Duration::ZERO, JobTimes::queued)
    }

    /// Returns how long threads of the store worked on the request's jobs.
    pub(crate) fn worked(&self) -> Duration {
        let times = self.times.as_deref();
        times.map_or(Duration::ZERO, JobTimes::worked)
    }

    /// Records the requester of `request`, if it is logged or traced.
    pub(crate) fn record_requester(request: &HttpRequest, requester: &Requester) {
        if let Some(meta) = request.extensions_mut().get_mut::<Self>()
            && meta.times.is_some()
        {
            meta.requester = requester.clone();
        }
    }
}
