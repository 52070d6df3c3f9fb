//! Counters of requests. Each worker has its own, which only a snapshot contends for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::StatusCode;
use byline_application::metrics::{Counter, Distribution, Histogram};
use fnv::FnvHashMap;

/// The route of a request whose path no route matches.
pub(crate) const UNKNOWN_ROUTE: &str = "unknown";

/// A snapshot of the counters since the interface was created.
#[derive(Clone, Debug, Default)]
pub struct HttpMetrics {
    /// Answered requests by route, method and status.
    pub requests: Vec<RequestMetrics>,
    /// Requests in progress.
    pub in_flight: u64,
    /// Requests whose client disconnected before the response.
    pub aborted: u64,
    /// Responses that were repeated for an `Idempotency-Key`.
    pub replays: u64,
    /// Requests that a rate limit refused.
    pub rate_limited: u64,
}

/// Response times of the requests with the same route, method and status.
#[derive(Clone, Debug)]
pub struct RequestMetrics {
    /// The path template, such as `/users/{user_id}`, or `unknown`.
    pub route: &'static str,
    /// The method, or `OTHER` if no route has it.
    pub method: &'static str,
    /// The status of the responses.
    pub status: u16,
    /// Response times in nanoseconds.
    pub times: Distribution,
}

/// Route, method and status. Each is one of few: the service registers its routes,
/// and chooses the statuses.
type RequestKind = (&'static str, &'static str, u16);

/// The counters of all workers.
#[derive(Default)]
pub(crate) struct HttpCounters {
    workers: Mutex<Vec<Arc<WorkerCounters>>>,
    pub(crate) replays: Counter,
}

impl HttpCounters {
    /// Adds a worker.
    pub(crate) fn worker(&self) -> Arc<WorkerCounters> {
        let worker = Arc::<WorkerCounters>::default();
        lock(&self.workers).push(Arc::clone(&worker));
        worker
    }

    /// Returns the sums over all workers. Rate limits have a counter of their own.
    pub(crate) fn snapshot(&self) -> HttpMetrics {
        let workers = lock(&self.workers);
        let mut requests = BTreeMap::<RequestKind, Distribution>::new();
        for worker in workers.iter() {
            for (kind, times) in lock(&worker.answered).iter() {
                requests.entry(*kind).or_default().add(&times.snapshot());
            }
        }
        let sum = |counter: fn(&WorkerCounters) -> &Counter| -> u64 {
            workers.iter().map(|worker| counter(worker).get()).sum()
        };
        // In this order, so that no more requests have ended than begun.
        let ended = sum(|worker| &worker.ended);
        let begun = sum(|worker| &worker.begun);
        HttpMetrics {
            requests: requests
                .into_iter()
                .map(|((route, method, status), times)| RequestMetrics {
                    route,
                    method,
                    status,
                    times,
                })
                .collect(),
            in_flight: begun.saturating_sub(ended),
            aborted: sum(|worker| &worker.aborted),
            replays: self.replays.get(),
            rate_limited: 0,
        }
    }
}

/// The counters of one worker.
#[derive(Default)]
pub(crate) struct WorkerCounters {
    answered: Mutex<FnvHashMap<RequestKind, Histogram>>,
    begun: Counter,
    ended: Counter,
    aborted: Counter,
}

impl WorkerCounters {
    /// Counts a request, which is aborted unless it is
    /// [`answered`](InFlight::answered).
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.begun.increment();
        InFlight {
            counters: self,
            answered: false,
        }
    }
}

/// A request in progress.
pub(crate) struct InFlight<'a> {
    counters: &'a WorkerCounters,
    answered: bool,
}

impl InFlight<'_> {
    pub(crate) fn answered(
        mut self,
        route: &'static str,
        method: &'static str,
        status: StatusCode,
        took: Duration,
    ) {
        self.answered = true;
        // No route has these.
        let method = match method {
            "CONNECT" | "TRACE" | "_OTHER" => "OTHER",
            known => known,
        };
        let mut answered = lock(&self.counters.answered);
        let times = answered.entry((route, method, status.as_u16()));
        times.or_insert_with(Histogram::of_times).observe_time(took);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.counters.ended.increment();
        if !self.answered {
            self.counters.aborted.increment();
        }
    }
}

/// Locks a mutex even if a thread panicked while it held it: counters stay valid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_micros(50);

    #[test]
    fn requests_are_counted_by_route_method_and_status() {
        let counters = HttpCounters::default();
        let workers = [counters.worker(), counters.worker()];
        for worker in &workers {
            worker
                .begin()
                .answered("/users", "GET", StatusCode::OK, FAST);
            for method in ["_OTHER", "TRACE"] {
                let status = StatusCode::METHOD_NOT_ALLOWED;
                worker.begin().answered("/users", method, status, FAST);
            }
        }
        let status = StatusCode::NOT_FOUND;
        workers[0]
            .begin()
            .answered(UNKNOWN_ROUTE, "GET", status, FAST);
        let seen = counters.snapshot();
        let rows: Vec<_> = seen
            .requests
            .iter()
            .map(|row| (row.route, row.method, row.status, row.times.count()))
            .collect();
        assert_eq!(
            rows,
            [
                ("/users", "GET", 200, 2),
                ("/users", "OTHER", 405, 4),
                ("unknown", "GET", 404, 1),
            ]
        );
        assert_eq!((seen.in_flight, seen.aborted), (0, 0));
    }

    #[test]
    fn a_request_that_is_dropped_is_aborted() {
        let counters = HttpCounters::default();
        let worker = counters.worker();
        let request = worker.begin();
        assert_eq!(counters.snapshot().in_flight, 1);
        drop(request);
        let seen = counters.snapshot();
        assert_eq!((seen.in_flight, seen.aborted), (0, 1));
        assert!(seen.requests.is_empty());
    }

    #[test]
    fn unusual_statuses_are_counted() {
        let counters = HttpCounters::default();
        let worker = counters.worker();
        for status in [100, 226, 418, 511, 599, 999] {
            let status = StatusCode::from_u16(status).unwrap();
            for route in ["/a", "/b"] {
                worker.begin().answered(route, "GET", status, FAST);
            }
        }
        let seen = counters.snapshot();
        let total: u64 = seen.requests.iter().map(|row| row.times.count()).sum();
        assert_eq!(total, 12);
    }
}
