//! Spans of requests, on their way to a collector (OTLP, as protobuf over HTTP).
//!
//! A thread of its own sends them in batches. Requests put theirs into a bounded
//! queue and never wait: what finds no place is dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider,
};
use tracing::{info, warn};
use url::Url;

use crate::settings::TracingSettings;

/// How long the collector may take for one batch.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long the end of the service may be held up by spans that wait: longer
/// than the batch that is under way.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Spans that may wait: half a second of 30,000 requests, in some 10 MB.
const QUEUE: usize = 16_384;

/// Spans that are sent at a time, in some 150 kB.
const BATCH: usize = 512;

/// The longest that a span waits for others to be sent with.
const DELAY: Duration = Duration::from_secs(1);

/// Exports spans until it is ended.
pub(crate) struct TracingExport(SdkTracerProvider);

impl TracingExport {
    /// Starts the export, if the settings name a collector. It need not be
    /// there.
    ///
    /// # Errors
    ///
    /// The environment has settings of OpenTelemetry that do not fit.
    pub(crate) fn start(settings: &TracingSettings) -> Result<Option<Self>, ExporterBuildError> {
        let Some(endpoint) = &settings.otlp_endpoint else {
            return Ok(None);
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(traces(endpoint))
            .with_timeout(PATIENCE)
            .with_retry_policy(RetryPolicy::default().with_max_retries(0))
            .with_http_client(Collector::new())
            .build()?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(DELAY)
            .build();
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        let resource = Resource::builder()
            .with_attributes([
                KeyValue::new("service.name", "byline"),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            ])
            .build();
        let root = Sampler::TraceIdRatioBased(settings.otlp_ratio);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_sampler(Sampler::ParentBased(Box::new(root)))
            .with_resource(resource)
            .build();
        info!(%endpoint, ratio = settings.otlp_ratio, "exporting spans");
        Ok(Some(Self(provider)))
    }

    /// What makes the spans.
    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer("byline")
    }

    /// Sends what waits, and gives up what takes too long.
    pub(crate) fn end(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_WORDS) {
            warn!(%error, "the last spans are not exported");
        }
    }
}

/// Where a collector takes spans (OTLP/HTTP, section "Endpoint URLs").
fn traces(endpoint: &Url) -> String {
    format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'))
}

/// The collector, as it is reached: by the client that is in the program
/// anyway. It blocks the thread of the export, and no other.
#[derive(Debug)]
struct Collector {
    agent: ureq::Agent,
    /// Whether the last batch was not taken.
    is_away: AtomicBool,
}

impl Collector {
    fn new() -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("byline/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: agent.into(),
            is_away: AtomicBool::new(false),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, body.to_vec());
        let (head, mut body) = self.agent.run(request)?.into_parts();
        let body = body.with_config().limit(LONGEST_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }

    /// Tells when it begins and when it ends that spans are lost, and not of
    /// each batch.
    fn note(&self, trouble: Option<String>) {
        let was_away = self.is_away.swap(trouble.is_some(), Ordering::Relaxed);
        match (trouble, was_away) {
            (Some(error), false) => warn!(error, "the collector takes no spans; they are lost"),
            (None, true) => info!("the collector takes spans again"),
            _ => {}
        }
    }
}

/// The largest answer of a collector that is read, in bytes.
const LONGEST_ANSWER: u64 = 64 * 1024;

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        self.note(match &sent {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(error.to_string()),
        });
        Ok(sent?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_added_once() {
        for (given, made) in [
            ("http://h:4318", "http://h:4318/v1/traces"),
            ("http://h:4318/", "http://h:4318/v1/traces"),
            ("https://h/otel/", "https://h/otel/v1/traces"),
        ] {
            assert_eq!(traces(&Url::parse(given).unwrap()), made);
        }
    }
}
