//! An OpenTelemetry span for each request, if spans are collected.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use byline_domain::policy::Caller;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, TraceId, Tracer,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::Span;

use crate::api::Api;
use crate::middleware::trace_context;
use crate::request::request_meta::RequestMeta;

/// The response header with the span of a request (draft of W3C Trace Context level 2).
const TRACERESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// The span of a request, or nothing if spans are not collected. Ends when it is
/// dropped.
pub(crate) struct RequestSpan(Option<Span>);

impl RequestSpan {
    /// Begins a span below the one that the request names, or in a new trace.
    pub(crate) fn begin(api: &Api, method: &'static str, headers: &HeaderMap) -> Self {
        let Some(tracer) = &api.settings().tracer else {
            return Self(None);
        };
        let context = match trace_context::parent(headers) {
            Some(parent) => Context::new().with_remote_span_context(parent),
            None => Context::new(),
        };
        let builder = SpanBuilder::from_name(method).with_kind(SpanKind::Server);
        Self(Some(tracer.build_with_context(builder, &context)))
    }

    /// Returns the id of the trace if it is exported.
    pub(crate) fn trace_id(&self) -> Option<TraceId> {
        let context = self.0.as_ref().map(Span::span_context);
        context
            .filter(|context| context.is_sampled())
            .map(SpanContext::trace_id)
    }

    /// Adds the response header that names the span.
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

    /// Ends the span. Attributes follow OpenTelemetry's conventions for HTTP; those
    /// that have no convention begin with `byline.`. Times are in seconds.
    pub(crate) fn end(self, meta: &RequestMeta, method: &'static str, status: StatusCode) {
        let Some(mut span) = self.0.filter(Span::is_recording) else {
            return;
        };
        span.update_name(format!("{method} {}", meta.route));
        span.set_attributes([
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", meta.route),
            KeyValue::new("http.response.status_code", i64::from(status.as_u16())),
            KeyValue::new("byline.request_id", meta.id.as_str().to_owned()),
            KeyValue::new("byline.queued", meta.queued().as_secs_f64()),
            KeyValue::new("byline.database", meta.worked().as_secs_f64()),
        ]);
        if let Some(caller) = meta.requester.caller() {
            span.set_attribute(KeyValue::new("byline.caller", caller_name(caller)));
        }
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Returns a standard method, or `_OTHER`, because clients can send any number of
/// others.
pub(crate) fn known_method(method: &Method) -> &'static str {
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

/// Returns the name of a caller in logs and spans.
pub(crate) fn caller_name(caller: Caller) -> String {
    match caller {
        Caller::Anonymous => "anonymous".to_owned(),
        Caller::Operator => "operator".to_owned(),
        Caller::Machine => "machine".to_owned(),
        Caller::UnlinkedIdentity(_) => "newcomer".to_owned(),
        Caller::User(id) => format!("user:{id}"),
    }
}
