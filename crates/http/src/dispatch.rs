//! Calls the handler of a route, after the checks that all routes have in common.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::api::Api;
use crate::api::rate_limit::RateLimitKey;
use crate::problem::{Code, HandlerResult, Problem};
use crate::request::authenticate::Requester;
use crate::request::context::{MAX_URI_BYTES, RequestContext, RouteOptions};
use crate::request::query::Query;
use crate::request::request_meta::RequestMeta;
use crate::request::write_options::WriteOptions;
use crate::request::{accept, body};

/// Returns the response of `handler`, or the problem of a failed check, an error or a panic.
/// Without `options`, the path or the method is unknown, and only the length of the URI is
/// checked.
pub(crate) async fn answer<F>(
    api: Api,
    handler: impl FnOnce(RequestContext) -> F,
    options: Option<RouteOptions>,
    route: &'static str,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse
where
    F: Future<Output = HandlerResult>,
{
    let found = request
        .extensions_mut()
        .get_mut::<RequestMeta>()
        .map(|meta| {
            meta.route = route;
            meta.clone()
        });
    // Absent only without the `request_context` middleware.
    let meta = found.unwrap_or_else(|| RequestMeta::new(&api, request.head()));
    let (id, base) = (meta.id.clone(), meta.base.clone());
    let state = api.clone();
    let proxies = &state.settings().protection.proxies;
    let limits = state.limits();
    let limit = limits.and_then(|limits| Some((limits, RateLimitKey::of(&request, proxies)?)));
    let admit = |credential| {
        let admitted = limit.map(|(limits, key)| limits.admit(&key, credential));
        admitted.transpose()
    };
    let mut quota = None;
    let handled = async {
        check_length(&request)?;
        let (requester, query, write_options, media_type) = match options {
            None => {
                quota = admit(None)?;
                let (query, write_options) = Default::default();
                (Requester::NOT_CHECKED, query, write_options, accept::JSON)
            }
            Some(options) => {
                // First, so that a client without a valid credential learns nothing else.
                if let Some((limits, key)) = limit {
                    limits.check_failures(&key)?;
                }
                let requester = Requester::of(&api, options.access, request.headers());
                quota = admit(requester.as_ref().ok().and_then(Requester::digest))?;
                let requester = requester?;
                RequestMeta::record_requester(&request, &requester);
                body::check_encoding(request.headers())?;
                let query = Query::parse(request.query_string(), options.parameters)?;
                let media_type = accept::choose(&request, options.offers)?;
                (requester, query, WriteOptions::of(&request)?, media_type)
            }
        };
        handler(RequestContext {
            api,
            request,
            payload: Some(payload),
            meta,
            query,
            write_options,
            media_type,
            requester,
        })
        .await
    };
    let result = caught(handled).await;
    let result = result.unwrap_or_else(|panic| Err(Problem::panicked(panic.as_ref())));
    let mut response = result.unwrap_or_else(|problem| problem.answer(id.as_str(), &base));
    if let Some(((limits, key), quota)) = limit.zip(quota) {
        limits.settle(&key, quota, &mut response);
    }
    response
}

fn check_length(request: &HttpRequest) -> Result<(), Problem> {
    let uri = request.uri().path_and_query();
    if uri.is_some_and(|uri| uri.as_str().len() > MAX_URI_BYTES) {
        return Err(Code::UriTooLong.into());
    }
    Ok(())
}

/// Returns the payload of a panic as an error.
async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // Unwind safe: the future is not polled again after a panic.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}
