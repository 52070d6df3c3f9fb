//! What the interface counts. Counting a request takes a few atomic
//! instructions on memory that no other worker writes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use byline_application::metrics::{Counter, Distribution};

mod table;

use table::Counts;

use crate::request::route_id::RouteId;

/// What an interface has done since it was made, and is doing.
#[derive(Clone, Debug, Default)]
pub struct HttpMetrics {
    /// The requests that were answered, by what they asked and what they got.
    pub requests: Vec<RequestMetrics>,
    /// Requests that are being answered now.
    pub in_flight: u64,
    /// Requests whose client left before the answer.
    pub aborted: u64,
    /// Answers that were given before, to the same `Idempotency-Key`.
    pub replays: u64,
    /// Requests that were refused because their sender had sent too many.
    pub rate_limited: u64,
}

/// The requests to one operation that got the same status.
#[derive(Clone, Debug)]
pub struct RequestMetrics {
    /// The template of the path, such as `/users/{user_id}`, or `unknown`.
    pub route: &'static str,
    /// The method, or `OTHER` for one that no route has.
    pub method: &'static str,
    /// The status of the answers.
    pub status: u16,
    /// How long they took, in nanoseconds.
    pub times: Distribution,
}

/// Counts for all workers of an interface.
pub(crate) struct HttpCounters {
    /// The templates, by [`RouteId`]; the first stands for all unknown paths.
    routes: Mutex<Vec<&'static str>>,
    workers: Mutex<Vec<Arc<WorkerCounters>>>,
    pub(crate) replays: Counter,
    pub(crate) rate_limited: Counter,
}

impl HttpCounters {
    pub(crate) fn new() -> Self {
        Self {
            routes: Mutex::new(vec!["unknown"]),
            workers: Mutex::default(),
            replays: Counter::default(),
            rate_limited: Counter::default(),
        }
    }

    /// The place of a route; the same for the same template.
    pub(crate) fn route(&self, template: &'static str) -> RouteId {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let known = routes.iter().position(|route| *route == template);
        RouteId::at(known.unwrap_or_else(|| {
            routes.push(template);
            routes.len() - 1
        }))
    }

    /// The template of the route.
    pub(crate) fn template(&self, route: RouteId) -> &'static str {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        routes.get(route.index()).copied().unwrap_or_default()
    }

    /// Where one more worker counts.
    pub(crate) fn worker(&self) -> Arc<WorkerCounters> {
        let worker = Arc::new(WorkerCounters::default());
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.push(Arc::clone(&worker));
        worker
    }

    pub(crate) fn snapshot(&self) -> HttpMetrics {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let counts: Vec<_> = workers.iter().map(|worker| &worker.answered).collect();
        let sum = |of: fn(&WorkerCounters) -> &AtomicU64| {
            let counts = workers
                .iter()
                .map(|worker| of(worker).load(Ordering::Relaxed));
            counts.sum::<u64>()
        };
        // In this order, lest more have ended than begun.
        let ended = sum(|worker| &worker.ended);
        let begun = sum(|worker| &worker.begun);
        HttpMetrics {
            requests: table::rows(&routes, &counts),
            in_flight: begun.saturating_sub(ended),
            aborted: sum(|worker| &worker.aborted),
            replays: self.replays.get(),
            rate_limited: self.rate_limited.get(),
        }
    }
}

/// What one worker counts.
#[derive(Default)]
pub(crate) struct WorkerCounters {
    answered: Counts,
    begun: AtomicU64,
    ended: AtomicU64,
    aborted: AtomicU64,
}

impl WorkerCounters {
    /// A request has come; it is aborted unless it is answered.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        InFlight {
            meters: self,
            answered: false,
        }
    }
}

/// A request that is being answered.
pub(crate) struct InFlight<'a> {
    meters: &'a WorkerCounters,
    answered: bool,
}

impl InFlight<'_> {
    pub(crate) fn answered(
        mut self,
        route: RouteId,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        self.answered = true;
        let times = self.meters.answered.times(route.index(), method, status);
        if let Some(times) = times {
            times.observe_time(took);
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.meters.ended.fetch_add(1, Ordering::Relaxed);
        if !self.answered {
            self.meters.aborted.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_micros(50);

    #[test]
    fn requests_are_counted_by_route_method_and_status() {
        let meters = HttpCounters::new();
        let users = meters.route("/users");
        assert_eq!(meters.route("/users"), users);
        let workers = [meters.worker(), meters.worker()];
        for worker in &workers {
            worker
                .begin()
                .answered(users, &Method::GET, StatusCode::OK, FAST);
            let brew = Method::from_bytes(b"BREW").unwrap();
            let status = StatusCode::METHOD_NOT_ALLOWED;
            worker.begin().answered(users, &brew, status, FAST);
        }
        let status = StatusCode::NOT_FOUND;
        let unknown = RouteId::default();
        workers[0]
            .begin()
            .answered(unknown, &Method::GET, status, FAST);
        let seen = meters.snapshot();
        let rows: Vec<_> = seen
            .requests
            .iter()
            .map(|row| (row.route, row.method, row.status, row.times.count()))
            .collect();
        assert_eq!(
            rows,
            [
                ("unknown", "GET", 404, 1),
                ("/users", "GET", 200, 2),
                ("/users", "OTHER", 405, 2),
            ]
        );
        assert_eq!((seen.in_flight, seen.aborted), (0, 0));
    }

    #[test]
    fn a_request_that_nobody_waits_for_any_more_is_aborted() {
        let meters = HttpCounters::new();
        let worker = meters.worker();
        let request = worker.begin();
        assert_eq!(meters.snapshot().in_flight, 1);
        drop(request);
        let seen = meters.snapshot();
        assert_eq!((seen.in_flight, seen.aborted), (0, 1));
        assert!(seen.requests.is_empty());
    }

    #[test]
    fn strange_statuses_and_many_routes_are_counted_too() {
        let meters = HttpCounters::new();
        let worker = meters.worker();
        let routes: Vec<_> = ["/a", "/b"].map(|route| meters.route(route)).to_vec();
        for status in [100, 226, 418, 511, 599, 999] {
            let status = StatusCode::from_u16(status).unwrap();
            for route in &routes {
                worker.begin().answered(*route, &Method::GET, status, FAST);
            }
        }
        let seen = meters.snapshot();
        let total: u64 = seen.requests.iter().map(|row| row.times.count()).sum();
        assert_eq!(total, 12);
    }
}
