use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::dev::RequestHead;
use actix_web::{HttpMessage, HttpRequest};
use byline_application::{JobOptions, JobTimes};

use crate::Api;
use crate::request::authenticate::Requester;
use crate::request::base_url::BaseUrl;
use crate::request::request_id::RequestId;
use crate::request::route_id::RouteId;

/// When a request arrived, when it must be answered, and what it is called.
#[derive(Clone)]
pub(crate) struct RequestMeta {
    pub(crate) id: RequestId,
    pub(crate) at: Instant,
    pub(crate) deadline: Instant,
    /// What the links of the answer begin with.
    pub(crate) base: BaseUrl,
    /// Set once it is known.
    pub(crate) route: RouteId,
    /// Where the time in the store is noted, if anybody is told.
    pub(crate) times: Option<Arc<JobTimes>>,
    pub(crate) sender: Requester,
}

impl RequestMeta {
    pub(crate) fn new(api: &Api, head: &RequestHead) -> Self {
        const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
        let at = Instant::now();
        let settings = api.settings();
        let is_told = settings.log_requests || settings.tracer.is_some();
        Self {
            id: RequestId::of(head.headers()),
            at,
            deadline: at + settings.request_deadline.min(LONGEST),
            base: BaseUrl::of(settings, head),
            route: RouteId::default(),
            times: is_told.then(Arc::default),
            sender: Requester::ANYBODY,
        }
    }

    /// What the store is told about a job of this request.
    pub(crate) fn order(&self) -> JobOptions {
        JobOptions {
            deadline: self.deadline,
            times: self.times.clone(),
        }
    }

    /// Takes note of who sent the request.
    pub(crate) fn note_sender(request: &HttpRequest, sender: &Requester) {
        if let Some(arrival) = request.extensions_mut().get_mut::<Self>()
            && arrival.times.is_some()
        {
            arrival.sender = sender.clone();
        }
    }
}
