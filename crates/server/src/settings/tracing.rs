use clap::Parser;
use url::Url;

/// The export of traces.
#[derive(Debug, Parser)]
#[command(next_help_heading = "Tracing")]
pub(crate) struct TracingSettings {
    /// Export a span of each request to this OpenTelemetry collector, as
    /// protobuf over HTTP [default: none is exported].
    ///
    /// Such as `http://127.0.0.1:4318`; `/v1/traces` is appended. Spans that the
    /// collector does not accept in time are dropped, and no request waits for
    /// them. Put credentials into `OTEL_EXPORTER_OTLP_HEADERS`.
    #[arg(long, env = "BYLINE_OTLP_ENDPOINT")]
    #[arg(value_name = "URL", value_parser = endpoint)]
    pub(crate) otlp_endpoint: Option<Url>,

    /// The share of traces that is exported, from 0 to 1.
    ///
    /// Applies to traces that begin here; for a request with `traceparent`, its
    /// sampled flag decides.
    #[arg(long, env = "BYLINE_OTLP_RATIO", value_name = "RATIO")]
    #[arg(default_value = "1", value_parser = ratio)]
    pub(crate) otlp_ratio: f64,
}

fn endpoint(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    url.ok_or_else(|| {
        "must be an http or https URL without credentials, such as http://127.0.0.1:4318".to_owned()
    })
}

fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err("must be a number from 0 to 1, such as 0.05".to_owned()),
    }
}
