use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use actix_web::web::{Bytes, Payload};
use byline_application::{AppError, RowLock, Session, Unavailable};
use byline_domain::policy::Principal;
use byline_domain::{Timestamp, UserId};
use tokio::time::timeout_at;

use crate::api::Api;
use crate::api::base_url::BaseUrl;
use crate::problem::{Code, Problem};
use crate::request::accept::{JSON, MediaType};
use crate::request::authenticate::{Access, Requester};
use crate::request::body::{self, Media};
use crate::request::preconditions::Conditions;
use crate::request::query::{self, Query};
use crate::request::request_meta::RequestMeta;
use crate::request::write_options::WriteOptions;

/// A request, as handlers see it.
pub(crate) struct RequestContext {
    pub(crate) api: Api,
    pub(crate) request: HttpRequest,
    pub(crate) payload: Option<Payload>,
    pub(crate) meta: RequestMeta,
    pub(crate) query: Query,
    pub(crate) write_options: WriteOptions,
    /// The media type of the response, chosen from the offers of the route.
    pub(crate) media_type: MediaType,
    pub(crate) requester: Requester,
}

/// The requirements of a route. Requests that do not meet them are refused before its handler
/// is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteOptions {
    pub(crate) access: Access,
    /// The known query parameters.
    pub(crate) parameters: &'static [&'static str],
    /// The media types of the response, the default first.
    pub(crate) offers: &'static [MediaType],
}

impl RouteOptions {
    /// Returns the options of a route that responds in JSON.
    pub(crate) const fn json(access: Access, parameters: &'static [&'static str]) -> Self {
        Self {
            access,
            parameters,
            offers: &[JSON],
        }
    }

    /// Returns the options of a page that everyone may see.
    pub(crate) const fn page(offers: &'static [MediaType]) -> Self {
        Self {
            access: Access::Open,
            parameters: &[],
            offers,
        }
    }
}

/// The maximum length of path and query.
pub(crate) const MAX_URI_BYTES: usize = 8 * 1024;

impl RequestContext {
    pub(crate) fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// Returns the base of the links in the response.
    pub(crate) fn base(&self) -> &BaseUrl {
        &self.meta.base
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.api.clock().now()
    }

    /// Returns the path segment that the route calls `name`.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// Returns the id of an `entity` in a path segment. An id that cannot exist is like one that
    /// does not exist: 404, not 400.
    pub(crate) fn id<I: TryFrom<i64>>(&self, segment: &str, entity: &str) -> Result<I, Problem> {
        query::id(self.segment(segment)).ok_or_else(|| {
            let max = UserId::MAX;
            let detail = format!(
                "There is no {entity} with this id: ids are whole numbers from 1 to {max}."
            );
            Problem::new(Code::NotFound, detail)
        })
    }

    /// Returns the preconditions of a write.
    pub(crate) fn conditions(&self) -> Result<Conditions, Problem> {
        Conditions::of(self.headers(), self.api.settings().require_if_match)
    }

    /// Reads the body, on the first call.
    pub(crate) async fn body(&mut self, media: Media) -> Result<Bytes, Problem> {
        let Some(payload) = self.payload.take() else {
            return Ok(Bytes::new());
        };
        body::read(self.headers(), payload, media, self.meta.deadline).await
    }

    /// Runs `work` in a session that reads with one statement, besides the one that looks up the
    /// requester. Returns by the deadline, even if the store does not.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (options, work) = (self.meta.job_options(), self.with_principal(work));
        self.in_time(self.api.store().read(options, work)).await
    }

    /// Runs `work` in a session whose statements all see the same snapshot. Returns as
    /// [`read`](Self::read) does.
    pub(crate) async fn snapshot<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (options, work) = (self.meta.job_options(), self.with_principal(work));
        self.in_time(self.api.store().snapshot(options, work)).await
    }

    /// Looks up the requester before `work`.
    fn with_principal<T, W>(
        &self,
        work: W,
    ) -> impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static + use<T, W>
    where
        W: Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
    {
        let requester = self.requester.clone();
        move |session| {
            let principal = requester.principal(session, RowLock::Released)?;
            work(session, &principal)
        }
    }

    async fn in_time<T>(
        &self,
        result: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, Problem> {
        let mut result = pin!(result);
        // A job that the store did on this thread is done by now, and needs no timer.
        let at_once = poll_fn(|context| Poll::Ready(result.as_mut().poll(context))).await;
        let result = match at_once {
            Poll::Ready(result) => result,
            Poll::Pending => timeout_at(self.meta.deadline.into(), result)
                .await
                .unwrap_or_else(|_| Err(Unavailable::DeadlinePassed.into())),
        };
        result.map_err(Problem::from)
    }
}
