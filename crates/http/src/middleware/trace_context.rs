//! The trace of the client that a request belongs to (W3C Trace Context).

use actix_web::http::header::{HeaderMap, HeaderName};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Returns the trace that `traceparent` names.
pub(crate) fn trace_id(headers: &HeaderMap) -> Option<TraceId> {
    parent(headers).map(|parent| parent.trace_id())
}

/// Returns the span that `traceparent` names, with its `tracestate`; `None` if the header
/// is malformed or sent twice, as the standard demands.
pub(crate) fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut sent = headers.get_all(TRACEPARENT);
    let (Some(value), None) = (sent.next(), sent.next()) else {
        return None;
    };
    let context = TraceContextPropagator::new()
        .extract_with_context(&Context::new(), &HeaderCarrier(headers));
    let parent = context.span().span_context().clone();
    // The library pads ids that are too short.
    let digits = format!("{}-{}-", parent.trace_id(), parent.span_id());
    let is_complete = value.as_bytes().get(3..53) == Some(digits.as_bytes());
    (parent.is_valid() && is_complete).then_some(parent)
}

struct HeaderCarrier<'a>(&'a HeaderMap);

impl Extractor for HeaderCarrier<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn of(sent: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in sent {
            headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
        }
        trace_id(&headers).map(|id| id.to_string())
    }

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_is_continued() {
        let trace = Some("4bf92f3577b34da6a3ce929d0e0e4736".to_owned());
        assert_eq!(of(&[VALID]), trace);
        let unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        assert_eq!(of(&[unsampled]), trace);
    }

    #[test]
    fn malformed_headers_are_ignored() {
        for sent in [
            &[][..],
            &[""],
            &["00"],
            &[VALID, VALID],
            &["00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
            &["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"],
            &["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"],
            &["00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01"],
            &["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b-01"],
            &["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
            &["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"],
        ] {
            assert_eq!(of(sent), None, "{sent:?}");
        }
    }
}
