//! The metrics of the service in the form that Prometheus reads.
//!
//! Keeps nothing: each scrape asks the parts of the service for their counts.

use std::fmt;
use std::sync::Arc;

use byline_application::metrics::{QueueMetrics, StoreMetrics};
use byline_application::{Readiness, Store};
use byline_http::{Api, HttpMetrics};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::families::{BYTES, COUNTER, Families, GAUGE, single, sizes, times, write_families};

/// The interface and its store.
pub(super) struct Service {
    pub(super) api: Api,
    pub(super) store: Arc<dyn Store>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}

impl Collector for Service {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        let store = self.store.metrics();
        let ready = matches!(self.store.health().readiness, Readiness::Ready);
        let version = env!("CARGO_PKG_VERSION");
        write_families! { families:
            GAUGE, "byline_build_info",
                "The version of the program and its database engine; always 1."
                => [([("version", version), ("engine", store.engine)], 1)];
            GAUGE, "byline_database_ready",
                "Whether the database can be read and written (1) or not (0)."
                => single(ready.into());
        }
        http(&mut families, &self.api.metrics())?;
        queues(&mut families, &store)?;
        threads(&mut families, &store)?;
        commits(&mut families, &store)
    }
}

fn http(families: &mut Families<'_>, http: &HttpMetrics) -> fmt::Result {
    let requests = http.requests.iter().map(|row| {
        let operation = [("route", row.route), ("method", row.method)];
        ((operation, [("status", row.status)]), &row.times)
    });
    write_families! { families:
        times(), "byline_http_request_duration",
            "Time from the end of a request's head to its response."
            => requests;
        GAUGE, "byline_http_requests_in_flight",
            "Requests that are being answered."
            => single(http.in_flight);
        COUNTER, "byline_http_requests_aborted",
            "Requests whose client left before the response."
            => single(http.aborted);
        COUNTER, "byline_http_idempotency_replays",
            "Responses that were repeated for the same Idempotency-Key."
            => single(http.replays);
        COUNTER, "byline_http_rate_limited_requests",
            "Requests that were refused because their client had sent too many."
            => single(http.rate_limited);
    }
    Ok(())
}

fn queues(families: &mut Families<'_>, store: &StoreMetrics) -> fmt::Result {
    let refused = store.queues.iter().flat_map(|queue| {
        let (full, closing) = (queue.refused_full, queue.refused_closing);
        [("queue_full", full), ("closing", closing)]
            .map(|(reason, count)| ([("lane", queue.name), ("reason", reason)], count))
    });
    write_families! { families:
        GAUGE, "byline_store_queue_jobs",
            "Jobs that wait for a thread of the store."
            => by_queue(store, |queue| queue.waiting);
        GAUGE, "byline_store_queue_capacity_jobs",
            "Jobs that may wait."
            => by_queue(store, |queue| queue.capacity);
        COUNTER, "byline_store_refused_jobs",
            "Jobs that the queue did not accept."
            => refused;
        COUNTER, "byline_store_expired_jobs",
            "Jobs whose deadline passed before a thread was free."
            => by_queue(store, |queue| queue.expired);
        times(), "byline_store_queue_wait",
            "How long jobs waited for a thread."
            => by_queue(store, |queue| &queue.waits);
        times(), "byline_store_job_duration",
            "How long jobs took once a thread had them, including their commit."
            => by_queue(store, |queue| &queue.runs);
    }
    Ok(())
}

/// Returns a row for each queue.
fn by_queue<'s, V>(
    store: &'s StoreMetrics,
    value: impl Fn(&'s QueueMetrics) -> V,
) -> impl Iterator<Item = ([(&'static str, &'static str); 1], V)> {
    let queues = store.queues.iter();
    queues.map(move |queue| ([("lane", queue.name)], value(queue)))
}

fn threads(families: &mut Families<'_>, store: &StoreMetrics) -> fmt::Result {
    let states = store.threads.iter().flat_map(|threads| {
        let (busy, missing) = (threads.busy, threads.missing);
        let waiting = threads.total.saturating_sub(busy + missing);
        [("busy", busy), ("waiting", waiting), ("missing", missing)]
            .map(|(state, count)| ([("role", threads.role), ("state", state)], count))
    });
    let threads = store.threads.iter();
    let (pool, idle) = (&store.pool, store.pool.idle);
    write_families! { families:
        GAUGE, "byline_store_threads",
            "Threads of the store."
            => states;
        COUNTER, "byline_store_thread_restarts",
            "Threads of the store that were restarted after a panic."
            => threads.map(|threads| ([("role", threads.role)], threads.restarts));
        GAUGE, "byline_store_pool_connections",
            "Open connections to the database."
            => [("in_use", pool.open.saturating_sub(idle)), ("idle", idle)]
                .map(|(state, count)| ([("state", state)], count));
        GAUGE, "byline_store_pool_capacity_connections",
            "Connections to the database that may be open."
            => single(pool.capacity);
        COUNTER, "byline_store_pool_failures",
            "How often a thread got no connection."
            => single(pool.failures);
    }
    Ok(())
}

fn commits(families: &mut Families<'_>, store: &StoreMetrics) -> fmt::Result {
    let retries = [
        ("contention", store.retries.contention),
        ("connection_lost", store.retries.connection),
        ("outcome_unknown", store.retries.outcome_unknown),
    ];
    write_families! { families:
        sizes(), "byline_store_group_jobs",
            "Jobs that each commit made durable."
            => single(&store.groups);
        times(), "byline_store_commit_duration",
            "How long each commit took."
            => single(&store.commits);
        COUNTER, "byline_store_retries",
            "Repeated attempts at jobs, by the failure of the attempt before."
            => retries.map(|(cause, count)| ([("cause", cause)], count));
    }
    if let Some(files) = store.files {
        write_families! { families:
            BYTES, "byline_store_database",
                "The size of the database file."
                => single(files.database);
            BYTES, "byline_store_wal",
                "The size of the write-ahead log."
                => single(files.wal);
        }
    }
    Ok(())
}
