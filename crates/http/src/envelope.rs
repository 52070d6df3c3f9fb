use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};

use crate::Api;
use crate::metrics::{RouteId, WorkerMeters};
use crate::problem::{Code, PROBLEM_JSON, Problem};
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::trace_context;

/// What every request gets and every answer has, wherever it comes from; the
/// outermost middleware.
///
/// - A request gets an id, the client's if it sent a sane one, and a deadline.
/// - An answer carries the id in `X-Request-Id`, and headers that keep browsers
///   from interpreting, framing or caching what they should not.
/// - An error answer that is not a problem document yet (RFC 9457) becomes one.
/// - A request whose path and query exceed 8 KiB is refused.
/// - Every request is logged, if the settings say so.
pub fn envelope<S, B>(
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
    from_fn(move |request, next| enclose(api.clone(), Arc::clone(&meters), request, next))
}

/// When a request arrived, when it must be answered, and what it is called.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: RequestId,
    pub(crate) at: Instant,
    pub(crate) deadline: Instant,
    /// Set once it is known.
    pub(crate) route: RouteId,
}

impl Arrival {
    pub(crate) fn new(api: &Api, headers: &HeaderMap) -> Self {
        const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
        let at = Instant::now();
        Self {
            id: RequestId::of(headers),
            at,
            deadline: at + api.settings().request_deadline.min(LONGEST),
            route: RouteId::default(),
        }
    }
}

impl Arrival {
    fn route_of(request: &HttpRequest) -> RouteId {
        let extensions = request.extensions();
        let arrival = extensions.get::<Self>();
        arrival.map(|arrival| arrival.route).unwrap_or_default()
    }
}

/// The longest path and query that are looked at.
pub(crate) const MAX_URI_BYTES: usize = 8 * 1024;

async fn enclose<B: MessageBody + 'static>(
    api: Api,
    meters: Arc<WorkerMeters>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let in_flight = meters.begin();
    let arrival = Arrival::new(&api, request.headers());
    request.extensions_mut().insert(arrival.clone());
    let method = request.method().clone();
    let upgrade = request.head().upgrade();
    let answered = if length(&request) > MAX_URI_BYTES {
        let problem = Problem::new(Code::UriTooLong, Code::UriTooLong.meaning());
        Ok(request.into_response(problem.answer(&arrival.id)))
    } else {
        next.call(request)
            .await
            .map(ServiceResponse::map_into_boxed_body)
    };
    match answered {
        Ok(mut answer) => {
            if is_bare_error(answer.response()) {
                let (request, bare) = answer.into_parts();
                answer = ServiceResponse::new(request, into_problem(&bare, &arrival.id));
            }
            seal(&api, answer.response_mut(), &arrival.id);
            if upgrade {
                close(answer.response_mut());
            }
            let request = answer.request();
            let route = Arrival::route_of(request);
            let took = arrival.at.elapsed();
            in_flight.answered(route, request.method(), answer.status(), took);
            if api.settings().log_requests {
                log(&answer, &arrival, api.meters().template(route), took);
            }
            Ok(answer)
        }
        // Another middleware gave up the request together with its answer; the
        // server makes one of what the error holds.
        Err(error) => {
            let mut answer = error.error_response();
            if is_bare_error(&answer) {
                answer = into_problem(&answer, &arrival.id);
            }
            seal(&api, &mut answer, &arrival.id);
            let status = answer.status();
            in_flight.answered(RouteId::default(), &method, status, arrival.at.elapsed());
            Err(InternalError::from_response(error, answer).into())
        }
    }
}

/// Says that the connection ends here. No other protocol is spoken (RFC 9110
/// section 7.8 lets a server ignore the wish), and actix-http reads nothing more
/// from a client that wished for one; unless it is told, a proxy keeps the
/// connection for the next request, which then fails.
fn close(answer: &mut HttpResponse) {
    answer.head_mut().set_connection_type(ConnectionType::Close);
}

fn length(request: &ServiceRequest) -> usize {
    request
        .uri()
        .path_and_query()
        .map_or(0, |both| both.as_str().len())
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
fn into_problem(bare: &HttpResponse, id: &RequestId) -> HttpResponse {
    if let (StatusCode::INTERNAL_SERVER_ERROR, Some(error)) = (bare.status(), bare.error()) {
        tracing::error!(request_id = id.as_str(), %error, "a request failed");
    }
    let mut answer = Problem::for_status(bare.status()).answer(id);
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

fn seal(api: &Api, answer: &mut HttpResponse, id: &RequestId) {
    if api.is_draining() {
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

fn log(answer: &ServiceResponse, arrival: &Arrival, route: &'static str, took: Duration) {
    let request = answer.request();
    let trace_id = trace_context::trace_id(request.headers());
    tracing::info!(
        method = method_to_log(request),
        path = path_to_log(request).as_ref(),
        route,
        status = answer.status().as_u16(),
        micros = took.as_micros(),
        request_id = arrival.id.as_str(),
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

/// The method, if it is one; a client can send any word in its place.
fn method_to_log(request: &HttpRequest) -> &str {
    let method = request.method().as_str();
    let methods = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ];
    let known = methods.contains(&method);
    if known { method } else { "(other)" }
}
