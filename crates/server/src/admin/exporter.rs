//! The metrics of the whole process in the form that Prometheus reads.
//!
//! Nothing is kept here: each scrape asks the parts of the service what they
//! have counted.

use std::fmt;
use std::sync::Arc;

use byline_application::metrics::StoreMetrics;
use byline_application::{Readiness, Store};
use byline_http::{Api, HttpMetrics};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

use super::families::Families;
use super::process;

/// Writes the metrics.
pub(crate) struct Exporter {
    registry: Registry,
    api: Api,
}

impl Exporter {
    /// The metrics of an interface and its store.
    pub(crate) fn new(api: Api, store: Arc<dyn Store>) -> Self {
        let mut registry = Registry::default();
        let service = Service {
            api: api.clone(),
            store,
        };
        registry.register_collector(Box::new(service));
        registry.register_collector(Box::new(process::Process));
        Self { registry, api }
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// All metrics as they are now.
    ///
    /// # Errors
    ///
    /// None that is known of.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

struct Service {
    api: Api,
    store: Arc<dyn Store>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl Collector for Service {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::new(encoder);
        let store = self.store.metrics();
        let build = [
            ("version", env!("CARGO_PKG_VERSION")),
            ("engine", store.engine),
        ];
        families.gauge(
            "byline_build_info",
            "The program and the kind of its database; always 1.",
            [(&build[..], 1)],
        )?;
        let ready = matches!(self.store.health().readiness, Readiness::Ready);
        families.gauge(
            "byline_database_ready",
            "Whether the database can be worked with (1) or not (0).",
            [(&[][..], u64::from(ready))],
        )?;
        http(&mut families, &self.api.metrics())?;
        queues(&mut families, &store)?;
        commits(&mut families, &store)?;
        connections(&mut families, &store)
    }
}

fn http(families: &mut Families<'_>, http: &HttpMetrics) -> fmt::Result {
    let statuses: Vec<_> = http
        .requests
        .iter()
        .map(|row| row.status.to_string())
        .collect();
    let rows = http.requests.iter().zip(&statuses);
    let labelled: Vec<_> = rows
        .map(|(row, status)| {
            let labels = [
                ("route", row.route),
                ("method", row.method),
                ("status", status),
            ];
            (labels, &row.times)
        })
        .collect();
    families.times(
        "byline_http_request_duration",
        "How long requests took to be answered, from the end of their head.",
        labelled.iter().map(|(labels, times)| (&labels[..], *times)),
    )?;
    families.gauge(
        "byline_http_requests_in_flight",
        "Requests that are being answered.",
        [(&[][..], http.in_flight)],
    )?;
    families.counter(
        "byline_http_requests_aborted",
        "Requests whose client left before the answer.",
        [(&[][..], http.aborted)],
    )?;
    families.counter(
        "byline_http_idempotency_replays",
        "Answers that were given again to the same Idempotency-Key.",
        [(&[][..], http.replays)],
    )?;
    families.counter(
        "byline_http_rate_limited_requests",
        "Requests that were refused because their sender had sent too many.",
        [(&[][..], http.rate_limited)],
    )
}

fn queues(families: &mut Families<'_>, store: &StoreMetrics) -> fmt::Result {
    let lanes = || store.lanes.iter().map(|lane| ([("lane", lane.name)], lane));
    let named: Vec<_> = lanes().collect();
    families.gauge(
        "byline_store_queue_jobs",
        "Jobs that wait for a thread of the store.",
        named
            .iter()
            .map(|(labels, lane)| (&labels[..], lane.waiting)),
    )?;
    families.gauge(
        "byline_store_queue_capacity_jobs",
        "Jobs that may wait.",
        named
            .iter()
            .map(|(labels, lane)| (&labels[..], lane.capacity)),
    )?;
    let refused: Vec<_> = lanes()
        .flat_map(|(_, lane)| {
            [
                (
                    [("lane", lane.name), ("reason", "queue_full")],
                    lane.refused_full,
                ),
                (
                    [("lane", lane.name), ("reason", "closing")],
                    lane.refused_closing,
                ),
            ]
        })
        .collect();
    families.counter(
        "byline_store_refused_jobs",
        "Jobs that found no place in the queue.",
        refused.iter().map(|(labels, count)| (&labels[..], *count)),
    )?;
    families.counter(
        "byline_store_expired_jobs",
        "Jobs whose deadline passed before a thread was free.",
        named
            .iter()
            .map(|(labels, lane)| (&labels[..], lane.expired)),
    )?;
    families.times(
        "byline_store_queue_wait",
        "How long jobs waited for a thread.",
        named
            .iter()
            .map(|(labels, lane)| (&labels[..], &lane.waits)),
    )?;
    families.times(
        "byline_store_job_duration",
        "How long jobs took once a thread had them, their commit included.",
        named.iter().map(|(labels, lane)| (&labels[..], &lane.runs)),
    )?;
    let threads: Vec<_> = store
        .threads
        .iter()
        .flat_map(|threads| {
            let waiting = threads.total.saturating_sub(threads.busy + threads.missing);
            [
                ([("role", threads.role), ("state", "busy")], threads.busy),
                ([("role", threads.role), ("state", "waiting")], waiting),
                (
                    [("role", threads.role), ("state", "missing")],
                    threads.missing,
                ),
            ]
        })
        .collect();
    families.gauge(
        "byline_store_threads",
        "Threads of the store.",
        threads.iter().map(|(labels, count)| (&labels[..], *count)),
    )?;
    let restarts: Vec<_> = store
        .threads
        .iter()
        .map(|threads| ([("role", threads.role)], threads.restarts))
        .collect();
    families.counter(
        "byline_store_thread_restarts",
        "Threads of the store that were started again after a panic.",
        restarts.iter().map(|(labels, count)| (&labels[..], *count)),
    )
}

fn commits(families: &mut Families<'_>, store: &StoreMetrics) -> fmt::Result {
    families.sizes(
        "byline_store_group_jobs",
        "Jobs that each commit made durable.",
        [(&[][..], &store.groups)],
    )?;
    families.times(
        "byline_store_commit_duration",
        "How long each commit took.",
        [(&[][..], &store.commits)],
    )?;
    let retries = [
        ([("cause", "contention")], store.retries.contention),
        ([("cause", "connection_lost")], store.retries.connection),
        (
            [("cause", "outcome_unknown")],
            store.retries.outcome_unknown,
        ),
    ];
    families.counter(
        "byline_store_retries",
        "Attempts at jobs that were made once more, by what became of the one before.",
        retries.iter().map(|(labels, count)| (&labels[..], *count)),
    )?;
    let Some(files) = store.files else {
        return Ok(());
    };
    families.bytes(
        "byline_store_database",
        "The size of the database's file.",
        files.database,
    )?;
    families.bytes(
        "byline_store_wal",
        "The size of the write-ahead log's file.",
        files.wal,
    )
}

fn connections(families: &mut Families<'_>, store: &StoreMetrics) -> fmt::Result {
    let pool = &store.pool;
    let states = [
        ([("state", "in_use")], pool.open.saturating_sub(pool.idle)),
        ([("state", "idle")], pool.idle),
    ];
    families.gauge(
        "byline_store_pool_connections",
        "Open connections to the database.",
        states.iter().map(|(labels, count)| (&labels[..], *count)),
    )?;
    families.gauge(
        "byline_store_pool_capacity_connections",
        "Connections to the database that may be open.",
        [(&[][..], pool.capacity)],
    )?;
    families.counter(
        "byline_store_pool_failures",
        "How often a thread got no connection.",
        [(&[][..], pool.failures)],
    )
}
