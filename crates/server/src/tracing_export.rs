//! The export of spans to a collector (OTLP, as protobuf over HTTP).
//!
//! A thread sends them in batches. Requests put their spans into a bounded queue and
//! never wait: when the queue is full, spans are dropped.

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

/// How long the collector may take for a batch.
const BATCH_TIMEOUT: Duration = Duration::from_secs(3);

/// How long the shutdown waits for the spans in the queue: longer than for a batch.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The capacity of the queue: half a second at 30,000 requests per second, about 10 MB.
const QUEUE: usize = 16_384;

/// The most spans in a batch, about 150 kB.
const BATCH: usize = 512;

/// The longest time that a span waits for its batch.
const DELAY: Duration = Duration::from_secs(1);

/// A running export of spans.
pub(crate) struct TracingExport(SdkTracerProvider);

impl TracingExport {
    /// Starts the export, if the settings name a collector. The collector need not be
    /// reachable.
    ///
    /// # Errors
    ///
    /// A variable of OpenTelemetry (`OTEL_…`) is wrong.
    pub(crate) fn start(settings: &TracingSettings) -> Result<Option<Self>, ExporterBuildError> {
        let Some(endpoint) = &settings.otlp_endpoint else {
            return Ok(None);
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(traces_url(endpoint))
            .with_timeout(BATCH_TIMEOUT)
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

    /// Returns the tracer, which creates spans.
    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer("byline")
    }

    /// Sends the spans in the queue, and drops those that take too long.
    pub(crate) fn shut_down(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(SHUTDOWN_TIMEOUT) {
            warn!(%error, "the last spans were not exported");
        }
    }
}

/// Returns the URL for spans (OTLP/HTTP, section "Endpoint URLs").
fn traces_url(endpoint: &Url) -> String {
    format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'))
}

/// The HTTP client of the export. It blocks the thread of the export.
#[derive(Debug)]
struct Collector {
    agent: ureq::Agent,
    /// Whether the last batch was lost.
    is_failing: AtomicBool,
}

impl Collector {
    fn new() -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(BATCH_TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("byline/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: agent.into(),
            is_failing: AtomicBool::new(false),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let request = request.map(|body| body.to_vec());
        let (head, mut body) = self.agent.run(request)?.into_parts();
        let body = body.with_config().limit(MAX_RESPONSE).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }

    /// Logs the first of several failures, and the first success after them.
    fn log(&self, failure: Option<String>) {
        let was_failing = self.is_failing.swap(failure.is_some(), Ordering::Relaxed);
        match (failure, was_failing) {
            (Some(error), false) => warn!(error, "the collector takes no spans; they are lost"),
            (None, true) => info!("the collector takes spans again"),
            _ => {}
        }
    }
}

/// The largest response of a collector, in bytes.
const MAX_RESPONSE: u64 = 64 * 1024;

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.send(request);
        self.log(match &sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answers {}", response.status())),
            Err(error) => Some(error.to_string()),
        });
        Ok(sent?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_appended_once() {
        for (given, made) in [
            ("http://h:4318", "http://h:4318/v1/traces"),
            ("http://h:4318/", "http://h:4318/v1/traces"),
            ("https://h/otel/", "https://h/otel/v1/traces"),
        ] {
            assert_eq!(traces_url(&Url::parse(given).unwrap()), made);
        }
    }
}
