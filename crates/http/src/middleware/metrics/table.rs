use std::sync::OnceLock;

use actix_web::http::{Method, StatusCode};
use byline_application::metrics::{Distribution, Histogram};

use super::RequestMetrics;

/// Routes that are told apart; there are far fewer.
const ROUTES: usize = 64;

/// The methods that routes have; the last stands for all others.
const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER",
];

/// The statuses that the service answers with.
const STATUSES: [u16; 26] = [
    200, 201, 204, 304, 400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 414, 415, 417, 422,
    428, 429, 431, 500, 501, 503, 504,
];

/// Histograms by route, method and status, made when they are first needed.
pub(in crate::middleware::metrics) struct Counts(Box<[OnceLock<Box<Cells>>]>);

/// By method and status. A status that is not foreseen is counted as the last
/// one of its row, 0.
type Cells = [[OnceLock<Histogram>; STATUSES.len() + 1]; METHODS.len()];

impl Default for Counts {
    fn default() -> Self {
        Self((0..ROUTES).map(|_| OnceLock::new()).collect())
    }
}

impl Counts {
    /// Where the time of such a request is counted.
    pub(in crate::middleware::metrics) fn times(
        &self,
        route: usize,
        method: &Method,
        status: StatusCode,
    ) -> Option<&Histogram> {
        let cells = self.0.get(route)?.get_or_init(Box::default);
        let row = cells.get(method_index(method))?;
        let cell = row.get(status_index(status))?;
        Some(cell.get_or_init(Histogram::of_times))
    }

    fn cell(&self, route: usize, method: usize, status: usize) -> Option<&Histogram> {
        self.0.get(route)?.get()?.get(method)?.get(status)?.get()
    }
}

fn method_index(method: &Method) -> usize {
    let name = method.as_str();
    let known = METHODS.iter().position(|known| *known == name);
    known.unwrap_or(METHODS.len() - 1)
}

fn status_index(status: StatusCode) -> usize {
    let known = STATUSES.binary_search(&status.as_u16());
    known.unwrap_or(STATUSES.len())
}

/// What all workers have counted, without the cells in which nothing is.
pub(in crate::middleware::metrics) fn rows(
    routes: &[&'static str],
    workers: &[&Counts],
) -> Vec<RequestMetrics> {
    let mut rows = Vec::new();
    for (route, template) in routes.iter().enumerate() {
        for (method, name) in METHODS.iter().enumerate() {
            for (place, status) in STATUSES.into_iter().chain([0]).enumerate() {
                let mut times = Distribution::default();
                for counts in workers {
                    if let Some(seen) = counts.cell(route, method, place) {
                        times.add(&seen.snapshot());
                    }
                }
                if times.count() > 0 {
                    rows.push(RequestMetrics {
                        route: template,
                        method: name,
                        status,
                        times,
                    });
                }
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Code;

    #[test]
    fn every_status_of_a_problem_is_foreseen() {
        assert!(STATUSES.is_sorted());
        for code in Code::ALL {
            let status = code.status().as_u16();
            assert!(STATUSES.contains(&status), "{status}");
        }
    }
}
