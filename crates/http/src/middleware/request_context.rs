use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};

use crate::api::Api;
use crate::api::metrics::{InFlight, WorkerCounters};
use crate::middleware::span::{self, RequestSpan};
use crate::middleware::trace_context;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::request::request_id::X_REQUEST_ID;
use crate::request::request_meta::RequestMeta;

/// Returns the outermost middleware, which gives every request and every response,
/// wherever it comes from, what all of them have.
///
/// - A request gets a deadline and an id: the client's, if it sent a valid one.
/// - A response gets the id in `X-Request-Id`, and headers that keep browsers from
///   sniffing, framing and caching it.
/// - An error response that is not a problem document (RFC 9457) becomes one.
/// - Requests are counted. They are logged and get a span if the settings say so.
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
    let counters = api.counters().worker();
    from_fn(move |request, next| handle(api.clone(), Arc::clone(&counters), request, next))
}

async fn handle<B: MessageBody + 'static>(
    api: Api,
    counters: Arc<WorkerCounters>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let in_flight = counters.begin();
    let meta = RequestMeta::new(&api, request.head());
    request.extensions_mut().insert(meta.clone());
    let method = span::known_method(request.method());
    let exchange = Exchange {
        span: RequestSpan::begin(&api, method, request.headers()),
        api,
        method,
        upgrade: request.head().upgrade(),
        in_flight,
    };
    match next.call(request).await {
        Ok(response) => {
            let (request, response) = response.map_into_boxed_body().into_parts();
            // Dispatch has added the route and the requester.
            let meta = request.extensions_mut().remove().unwrap_or(meta);
            let response = exchange.finish(&meta, Some(&request), response);
            Ok(ServiceResponse::new(request, response))
        }
        // Another middleware returned an error instead of a response. The server
        // sends the response in the error.
        Err(error) => {
            let response = exchange.finish(&meta, None, error.error_response());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// A request whose response is awaited.
struct Exchange<'a> {
    api: Api,
    method: &'static str,
    upgrade: bool,
    span: RequestSpan,
    in_flight: InFlight<'a>,
}

impl Exchange<'_> {
    /// Completes the response; counts and logs the request, and ends its span.
    fn finish(
        self,
        meta: &RequestMeta,
        request: Option<&HttpRequest>,
        mut response: HttpResponse,
    ) -> HttpResponse {
        if is_bare_error(&response) {
            response = into_problem(&response, meta);
        }
        // No other protocol is supported. RFC 9110 section 7.8 allows a server to
        // ignore `Upgrade`, but actix-http reads nothing more from a client that sent
        // it. Without `Connection: close`, a proxy would use the connection for
        // another request, which would fail.
        if self.upgrade || self.api.is_draining() {
            let head = response.head_mut();
            head.set_connection_type(ConnectionType::Close);
        }
        set_default_headers(&self.api, &mut response, meta);
        self.span.announce(response.headers_mut());
        let (status, took) = (response.status(), meta.at.elapsed());
        if let Some(request) = request
            && self.api.settings().log_requests
        {
            self.log(request, meta, status, took);
        }
        self.span.end(meta, self.method, status);
        self.in_flight
            .answered(meta.route, self.method, status, took);
        response
    }

    fn log(&self, request: &HttpRequest, meta: &RequestMeta, status: StatusCode, took: Duration) {
        let trace_id = self.span.trace_id();
        let trace_id = trace_id.or_else(|| trace_context::trace_id(request.headers()));
        // `tracing` writes numbers of 128 bits as text.
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(
            method = self.method,
            path = path_to_log(request).as_ref(),
            route = meta.route,
            status = status.as_u16(),
            micros = micros(took),
            queued_micros = micros(meta.queued()),
            database_micros = micros(meta.worked()),
            caller = meta.requester.caller().map(span::caller_name),
            request_id = meta.id.as_str(),
            trace_id = trace_id.map(tracing::field::display),
            "request"
        );
    }
}

fn is_bare_error(response: &HttpResponse) -> bool {
    let status = response.status();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    (status.is_client_error() || status.is_server_error())
        && content_type.is_none_or(|kind| kind != PROBLEM_JSON)
}

/// Returns a problem with the status and the headers of `bare`, but without its body,
/// which may disclose internals.
fn into_problem(bare: &HttpResponse, meta: &RequestMeta) -> HttpResponse {
    let RequestMeta { id, base, .. } = meta;
    if let (StatusCode::INTERNAL_SERVER_ERROR, Some(error)) = (bare.status(), bare.error()) {
        tracing::error!(request_id = id.as_str(), %error, "a request failed");
    }
    let mut response = Problem::for_status(bare.status()).answer(id.as_str(), base);
    for (name, value) in bare.headers() {
        if !BODY_HEADERS.contains(name) && !response.headers().contains_key(name) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response
}

/// Headers that describe the body.
const BODY_HEADERS: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::TRANSFER_ENCODING,
    header::ETAG,
];

fn set_default_headers(api: &Api, response: &mut HttpResponse, meta: &RequestMeta) {
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, meta.id.header_value());
    let tls = api.settings().protection.tls;
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    let with_tls = tls.then_some((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    for (name, value) in always.into_iter().chain(with_tls) {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Handlers may set others: pages that load something, and cacheable responses.
    let defaults = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// Returns the path without the query. If a segment may be something else than an id,
/// such as a secret that a user put there by mistake, returns the template.
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
