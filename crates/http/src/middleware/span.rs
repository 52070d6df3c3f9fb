//! One span for each request (OpenTelemetry), where somebody collects them.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use byline_domain::policy::Caller;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, TraceId, Tracer,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::Span;

use crate::Api;
use crate::middleware::trace_context;
use crate::request::request_id::RequestId;

/// Carries the span of an answer (W3C Trace Context, level 2, of which this is
/// a draft).
const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// The span of a request that is being answered; nothing where spans are not
/// collected. When it is dropped it ends, whatever became of the request.
pub(crate) struct RequestSpan(Option<Span>);

/// What is known of a request once it is answered.
pub(crate) struct RequestSummary<'a> {
    pub(crate) id: &'a RequestId,
    pub(crate) method: &'a Method,
    /// The template of the path.
    pub(crate) route: &'static str,
    pub(crate) status: StatusCode,
    /// How long its jobs waited for a thread of the store.
    pub(crate) queued: Duration,
    /// How long threads of the store worked on them.
    pub(crate) worked: Duration,
    pub(crate) caller: Option<Caller>,
}

impl RequestSpan {
    /// Begins a span within the one that the request names, or a trace of its
    /// own.
    pub(crate) fn begin(api: &Api, method: &Method, headers: &HeaderMap) -> Self {
        let Some(tracer) = &api.settings().tracer else {
            return Self(None);
        };
        let context = match trace_context::parent(headers) {
            Some(parent) => Context::new().with_remote_span_context(parent),
            None => Context::new(),
        };
        let builder = SpanBuilder::from_name(known(method)).with_kind(SpanKind::Server);
        Self(Some(tracer.build_with_context(builder, &context)))
    }

    /// The trace that whoever collects spans will find it in.
    pub(crate) fn trace_id(&self) -> Option<TraceId> {
        let context = self.0.as_ref().map(Span::span_context);
        context
            .filter(|context| context.is_sampled())
            .map(SpanContext::trace_id)
    }

    /// Tells the client which span its request was.
    pub(crate) fn announce(&self, headers: &mut HeaderMap) {
        let Some(span) = &self.0 else { return };
        let context = span.span_context();
        let flags = u8::from(context.is_sampled());
        let text = format!(
            "00-{}-{}-{flags:02x}",
            context.trace_id(),
            context.span_id()
        );
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(TRACERESPONSE, value);
        }
    }

    /// Ends the span. Names are those of OpenTelemetry's conventions for HTTP;
    /// what these lack begins with `byline.`, times in seconds.
    pub(crate) fn end(self, facts: &RequestSummary<'_>) {
        let Some(mut span) = self.0.filter(Span::is_recording) else {
            return;
        };
        let method = known(facts.method);
        span.update_name(format!("{method} {}", facts.route));
        let status = facts.status;
        span.set_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", facts.route),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
            KeyValue::new("byline.request_id", facts.id.as_str().to_owned()),
            KeyValue::new("byline.queued", facts.queued.as_secs_f64()),
            KeyValue::new("byline.database", facts.worked.as_secs_f64()),
        ]);
        if let Some(caller) = facts.caller {
            span.set_attribute(KeyValue::new("byline.caller", name_of(caller)));
        }
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// A method that is registered; of others there may be any number.
pub(crate) fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}

/// A caller in logs and spans.
pub(crate) fn name_of(caller: Caller) -> String {
    match caller {
        Caller::Anonymous => "anonymous".to_owned(),
        Caller::Operator => "operator".to_owned(),
        Caller::Machine => "machine".to_owned(),
        Caller::UnlinkedIdentity(_) => "newcomer".to_owned(),
        Caller::User(id) => format!("user:{id}"),
    }
}
