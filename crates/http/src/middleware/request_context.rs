use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};
use byline_application::JobTimes;

use crate::Api;
use crate::middleware::metrics::WorkerCounters;
use crate::middleware::span::{self, RequestSpan, RequestSummary};
use crate::middleware::trace_context;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::request::request_id::{RequestId, X_REQUEST_ID};
use crate::request::request_meta::RequestMeta;
use crate::request::route_id::RouteId;

/// What every request gets and every answer has, wherever it comes from; the
/// outermost middleware.
///
/// - A request gets an id, the client's if it sent a sane one, and a deadline.
/// - An answer carries the id in `X-Request-Id`, and headers that keep browsers
///   from interpreting, framing or caching what they should not.
/// - An error answer that is not a problem document yet (RFC 9457) becomes one.
/// - Every request is logged, and has a span, if the settings say so.
pub fn request_context<S, B>(
    api: &Api,
) -> impl Transform<
    S,
    ServiceRequest,
    Response = ServiceResponse<BoxBody>,
    Error = Error,
    InitError = (),
> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let api = api.clone();
    let meters = api.meters().worker();
    from_fn(move |request, next| handle(api.clone(), Arc::clone(&meters), request, next))
}

async fn handle<B: MessageBody + 'static>(
    api: Api,
    meters: Arc<WorkerCounters>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let in_flight = meters.begin();
    let arrival = RequestMeta::new(&api, request.head());
    request.extensions_mut().insert(arrival.clone());
    let method = request.method().clone();
    // No other protocol is spoken (RFC 9110 section 7.8 lets a server ignore the
    // wish), and actix-http reads nothing more from a client that wished for one.
    // Unless it is told, a proxy keeps the connection for the next request, which
    // then fails.
    let is_last = request.head().upgrade();
    let span = RequestSpan::begin(&api, &method, request.headers());
    match next.call(request).await {
        Ok(answer) => {
            let mut answer = answer.map_into_boxed_body();
            if is_bare_error(answer.response()) {
                let (request, bare) = answer.into_parts();
                answer = ServiceResponse::new(request, into_problem(&bare, &arrival));
            }
            set_default_headers(&api, answer.response_mut(), &arrival.id, is_last);
            span.announce(answer.headers_mut());
            let request = answer.request();
            let extensions = request.extensions();
            let arrival = extensions.get().unwrap_or(&arrival);
            let took = arrival.at.elapsed();
            in_flight.answered(arrival.route, &method, answer.status(), took);
            if arrival.times.is_some() {
                let facts = summary(&api, arrival, &method, answer.status());
                if api.settings().log_requests {
                    log(request, &facts, &span, took);
                }
                span.end(&facts);
            }
            drop(extensions);
            Ok(answer)
        }
        // Another middleware gave up the request together with its answer; the
        // server makes one of what the error holds.
        Err(error) => {
            let mut answer = error.error_response();
            if is_bare_error(&answer) {
                answer = into_problem(&answer, &arrival);
            }
            set_default_headers(&api, &mut answer, &arrival.id, is_last);
            span.announce(answer.headers_mut());
            let status = answer.status();
            span.end(&summary(&api, &arrival, &method, status));
            in_flight.answered(RouteId::default(), &method, status, arrival.at.elapsed());
            Err(InternalError::from_response(error, answer).into())
        }
    }
}

fn summary<'a>(
    api: &Api,
    arrival: &'a RequestMeta,
    method: &'a Method,
    status: StatusCode,
) -> RequestSummary<'a> {
    let times = arrival.times.as_deref();
    RequestSummary {
        id: &arrival.id,
        method,
        route: api.meters().template(arrival.route),
        status,
        queued: times.map(JobTimes::queued).unwrap_or_default(),
        worked: times.map(JobTimes::worked).unwrap_or_default(),
        caller: arrival.sender.caller(),
    }
}

fn is_bare_error(answer: &HttpResponse) -> bool {
    let status = answer.status();
    (status.is_client_error() || status.is_server_error())
        && answer
            .headers()
            .get(header::CONTENT_TYPE)
            .is_none_or(|kind| kind != PROBLEM_JSON)
}

/// The last resort: only the status and the headers survive, for a foreign body
/// may tell what is nobody's business.
fn into_problem(bare: &HttpResponse, arrival: &RequestMeta) -> HttpResponse {
    let RequestMeta { id, base, .. } = arrival;
    if let (StatusCode::INTERNAL_SERVER_ERROR, Some(error)) = (bare.status(), bare.error()) {
        tracing::error!(request_id = id.as_str(), %error, "a request failed");
    }
    let mut answer = Problem::for_status(bare.status()).answer(id.as_str(), base);
    for (name, value) in bare.headers() {
        if !DESCRIBE_THE_BODY.contains(name) && !answer.headers().contains_key(name) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}

const DESCRIBE_THE_BODY: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    header::ETAG,
];

/// `is_last` on its connection, whether or not the service ends.
fn set_default_headers(api: &Api, answer: &mut HttpResponse, id: &RequestId, is_last: bool) {
    if is_last || api.is_draining() {
        answer.head_mut().set_connection_type(ConnectionType::Close);
    }
    let headers = answer.headers_mut();
    headers.insert(X_REQUEST_ID, id.header_value());
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    // Pages that load something say what.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
        );
    }
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    if api.settings().protection.tls {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

fn log(request: &HttpRequest, facts: &RequestSummary<'_>, span: &RequestSpan, took: Duration) {
    let trace_id = span
        .trace_id()
        .or_else(|| trace_context::trace_id(request.headers()));
    // Numbers of 128 bits would be logged as text.
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(
        method = span::known(facts.method),
        path = path_to_log(request).as_ref(),
        route = facts.route,
        status = facts.status.as_u16(),
        micros = micros(took),
        queued_micros = micros(facts.queued),
        database_micros = micros(facts.worked),
        caller = facts.caller.map(span::name_of),
        request_id = facts.id.as_str(),
        trace_id = trace_id.map(tracing::field::display),
        "request"
    );
}

/// The path as it may be kept: without the query, and without what is neither
/// part of a route nor the id of a row. People put secrets there by mistake.
fn path_to_log(request: &HttpRequest) -> Cow<'_, str> {
    let ids_only = request
        .match_info()
        .iter()
        .all(|(_, segment)| segment.bytes().all(|byte| byte.is_ascii_digit()));
    match request.match_pattern() {
        Some(_) if ids_only => Cow::Borrowed(request.path()),
        Some(pattern) => Cow::Owned(pattern),
        None => Cow::Borrowed("(unknown)"),
    }
}
