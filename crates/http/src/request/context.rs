use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::web::{Bytes, Payload};
use byline_application::{AppError, JobOptions, RowLock, Session, Unavailable};
use byline_domain::policy::Principal;
use byline_domain::{Timestamp, UserId};
use tokio::time::timeout_at;

use crate::api::Api;
use crate::api::base_url::BaseUrl;
use crate::problem::{Code, Problem};
use crate::request::accept::MediaType;
use crate::request::authenticate::{Access, Requester};
use crate::request::body::{self, Media};
use crate::request::preconditions::Conditions;
use crate::request::query::Query;
use crate::request::request_meta::RequestMeta;
use crate::request::write_options::WriteOptions;

/// A request on its way through a handler.
pub(crate) struct RequestContext {
    pub(crate) api: Api,
    pub(crate) request: HttpRequest,
    pub(crate) payload: Option<Payload>,
    pub(crate) arrival: RequestMeta,
    pub(crate) query: Query,
    pub(crate) wishes: WriteOptions,
    pub(crate) media_type: MediaType,
    pub(crate) sender: Requester,
}

/// On what terms a handler is called; other requests are refused before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteOptions {
    /// Who may call it at all.
    pub(crate) access: Access,
    /// What the query may have.
    pub(crate) parameters: &'static [&'static str],
    /// What the answer may be, the usual first.
    pub(crate) offers: &'static [MediaType],
}

/// The longest path and query that are looked at.
pub(crate) const MAX_URI_BYTES: usize = 8 * 1024;

impl RequestContext {
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    pub(crate) fn query(&self) -> &Query {
        &self.query
    }

    pub(crate) fn wishes(&self) -> &WriteOptions {
        &self.wishes
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.arrival.deadline
    }

    /// What the store is told about a job of this request.
    pub(crate) fn order(&self) -> JobOptions {
        self.arrival.order()
    }

    /// What the links of the answer begin with.
    pub(crate) fn base(&self) -> &BaseUrl {
        &self.arrival.base
    }

    pub(crate) fn method(&self) -> &Method {
        self.request.method()
    }

    pub(crate) fn path(&self) -> &str {
        self.request.path()
    }

    /// Which of the offers the client likes best.
    pub(crate) fn media_type(&self) -> MediaType {
        self.media_type
    }

    /// Who is calling, as far as it can be told without the store.
    pub(crate) fn sender(&self) -> &Requester {
        &self.sender
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.api.clock().now()
    }

    /// `OPTIONS *` (RFC 9110 section 9.3.7).
    pub(crate) fn is_about_the_server(&self) -> bool {
        self.request.method() == Method::OPTIONS && self.request.path() == "*"
    }

    /// The part of the path that the route calls `name`.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// Returns the id that the part `segment` of the path is, of what is called `what`. One
    /// that cannot exist is one that does not exist: 404, not 400.
    pub(crate) fn id<I: TryFrom<i64>>(&self, segment: &str, what: &str) -> Result<I, Problem> {
        let text = self.segment(segment);
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        text.parse()
            .ok()
            .filter(|_| canonical)
            .and_then(|number: i64| I::try_from(number).ok())
            .ok_or_else(|| {
                Problem::new(
                    Code::NotFound,
                    format!(
                        "There is no {what} with this id: ids are whole numbers from 1 to {}.",
                        UserId::MAX
                    ),
                )
            })
    }

    /// The conditions on which the row that the path names may be changed.
    pub(crate) fn conditions(&self) -> Result<Conditions, Problem> {
        Conditions::of(self.headers(), self.api.settings().require_if_match)
    }

    /// The body, once.
    pub(crate) async fn body(&mut self, media: Media) -> Result<Bytes, Problem> {
        match self.payload.take() {
            Some(payload) => {
                body::read(
                    self.request.headers(),
                    payload,
                    media,
                    self.arrival.deadline,
                )
                .await
            }
            None => Ok(Bytes::new()),
        }
    }

    /// Runs `work` in a session that reads with one statement, after the one
    /// that tells who is calling. The answer comes by the deadline, whatever the
    /// store does.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (order, sender) = (self.arrival.order(), self.sender.clone());
        let work = move |session: &mut dyn Session| {
            let principal = sender.principal(session, RowLock::Released)?;
            work(session, &principal)
        };
        self.in_time(self.api.store().read(order, work)).await
    }

    /// Runs `work` in a session whose statements all see the same moment;
    /// answers as [`read`](Self::read) does.
    pub(crate) async fn snapshot<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Session, &Principal) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (order, sender) = (self.arrival.order(), self.sender.clone());
        let work = move |session: &mut dyn Session| {
            let principal = sender.principal(session, RowLock::Released)?;
            work(session, &principal)
        };
        self.in_time(self.api.store().snapshot(order, work)).await
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, Problem> {
        let mut answer = pin!(answer);
        // What the store did on this thread is done by now, and spares the timer.
        let at_once = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context))).await;
        let answer = match at_once {
            Poll::Ready(answer) => answer,
            Poll::Pending => timeout_at(self.arrival.deadline.into(), answer)
                .await
                .unwrap_or_else(|_| Err(Unavailable::DeadlinePassed.into())),
        };
        answer.map_err(Problem::from)
    }
}
