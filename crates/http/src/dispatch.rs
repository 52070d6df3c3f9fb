//! From a route to its handler: what is checked first, and what becomes of refusals
//! and panics.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use actix_web::web::Payload;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use crate::Api;
use crate::middleware::rate_limit::RateLimitGuard;
use crate::problem::{Code, Problem};
use crate::request::authenticate::Requester;
use crate::request::context::{MAX_URI_BYTES, RequestContext, RouteOptions};
use crate::request::query::Query;
use crate::request::request_meta::RequestMeta;
use crate::request::route_id::RouteId;
use crate::request::write_options::WriteOptions;
use crate::request::{accept, body};

/// Has a request answered by `handler`, whatever becomes of it: refusals and
/// panics are answers too. Without `terms` the request is refused anyhow, and
/// nobody looks at its particulars.
pub(crate) async fn answer<F>(
    api: Api,
    handler: impl FnOnce(RequestContext) -> F,
    terms: Option<RouteOptions>,
    route: RouteId,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse
where
    F: Future<Output = Result<HttpResponse, Problem>>,
{
    let seen = request
        .extensions_mut()
        .get_mut::<RequestMeta>()
        .map(|arrival| {
            arrival.route = route;
            arrival.clone()
        });
    // Absent only without the `request_context` middleware.
    let arrival = seen.unwrap_or_else(|| RequestMeta::new(&api, request.head()));
    let (id, base) = (arrival.id.clone(), arrival.base.clone());
    let mut gate = RateLimitGuard::of(&api, &request);
    let handled = async {
        check_length(&request)?;
        let (sender, query, wishes, media_type) = match terms {
            None => {
                gate.admit(None)?;
                let wishes = WriteOptions::default();
                (Requester::ANYBODY, Query::default(), wishes, accept::JSON)
            }
            Some(terms) => {
                // First: a caller without a valid credential learns only that.
                gate.check_failures()?;
                let sender = Requester::of(&api, terms.access, request.headers());
                gate.admit(sender.as_ref().ok().and_then(Requester::digest))?;
                let sender = sender?;
                RequestMeta::note_sender(&request, &sender);
                body::check_encoding(request.headers())?;
                let query = Query::parse(request.query_string(), terms.parameters)?;
                let media_type = accept::choose(&request, terms.offers)?;
                (sender, query, WriteOptions::of(&request)?, media_type)
            }
        };
        let payload = Some(payload);
        handler(RequestContext {
            api,
            request,
            payload,
            arrival,
            query,
            wishes,
            media_type,
            sender,
        })
        .await
    };
    let mut answer = match caught(handled).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(problem)) => problem.answer(id.as_str(), &base),
        Err(panic) => Problem::panicked(panic.as_ref()).answer(id.as_str(), &base),
    };
    gate.settle(&mut answer);
    answer
}

/// # Errors
///
/// [`Code::UriTooLong`]
fn check_length(request: &HttpRequest) -> Result<(), Problem> {
    let uri = request.uri().path_and_query();
    if uri.is_some_and(|uri| uri.as_str().len() > MAX_URI_BYTES) {
        return Err(Problem::new(Code::UriTooLong, Code::UriTooLong.meaning()));
    }
    Ok(())
}

async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // The future is not polled again after a panic, so nobody sees what it
        // left half done.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}
