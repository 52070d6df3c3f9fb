//! The servers of a store, and the choice of one for each job.

pub(super) mod node;
pub(super) mod probe;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use byline_application::{Cause, Health, Readiness, ServerHealth};
use tower::retry::budget::{Budget, TpsBudget};

use crate::mysql::cluster::node::{Node, NodePreference, ProbeResult};
use crate::mysql::connection::error::ConnectError;
use crate::mysql::url::Reads;
use crate::queue::Route;

/// One server, or several with the same data.
pub(super) struct Cluster {
    nodes: Vec<Node>,
    reads: Reads,
    closing: AtomicBool,
    retries: TpsBudget,
}

/// The window of the budget of retries.
const BUDGET_WINDOW_SECONDS: u32 = 10;

/// Retries per job.
const BUDGET_SHARE: f32 = 0.05;

impl Cluster {
    pub(super) fn new(nodes: Vec<Node>, reads: Reads, threads: usize) -> Self {
        // The minimum: after a server was restarted, each thread finds its connection
        // broken once.
        let floor = u32::try_from(threads).unwrap_or(u32::MAX);
        let floor = floor.div_ceil(BUDGET_WINDOW_SECONDS);
        Self {
            nodes,
            reads,
            closing: AtomicBool::new(false),
            retries: TpsBudget::new(
                Duration::from_secs(BUDGET_WINDOW_SECONDS.into()),
                floor,
                BUDGET_SHARE,
            ),
        }
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the index of the server for a job: for a write the first server that takes
    /// writes, so that the writes of several services rarely conflict across servers; for
    /// a read any server, if the URL says so. `first` is the server to prefer for
    /// reads that may go anywhere; `current` is the server of the last job with this
    /// route. Returns an error until a probe finds a server that can be used: jobs do not try
    /// to connect.
    pub(super) fn choose(
        &self,
        route: Route,
        first: usize,
        current: Option<usize>,
    ) -> Result<usize, Cause> {
        let count = self.nodes.len();
        let first = match (route, self.reads) {
            (Route::Read, Reads::Anywhere) => first % count.max(1),
            (Route::Read, Reads::WithWrites) | (Route::Write, _) => 0,
        };
        let now = Instant::now();
        let mut best = (NodePreference::Away, first);
        for index in (first..count).chain(0..first) {
            let Some(node) = self.nodes.get(index) else {
                continue;
            };
            let preference = match node.preference(route == Route::Write, now) {
                // A thread that already uses the server stays there.
                NodePreference::OnProbation if current == Some(index) => NodePreference::Settled,
                preference => preference,
            };
            if preference > best.0 {
                best = (preference, index);
            }
            if preference == NodePreference::Settled {
                break;
            }
        }
        match best {
            (NodePreference::Away, index) => Err(self.trouble(index)),
            (_, index) => Ok(index),
        }
    }

    fn trouble(&self, index: usize) -> Cause {
        let node = self.nodes.get(index);
        node.and_then(Node::trouble)
            .unwrap_or_else(|| Arc::new(ConnectError::TimedOut))
    }

    /// Returns whether a server other than this one is ready.
    fn has_alternative(&self, index: usize) -> bool {
        let mut others = self.nodes.iter().enumerate();
        others.any(|(other, node)| other != index && node.trouble().is_none())
    }

    /// Notes the result of a probe.
    pub(super) fn note_probe(&self, index: usize, found: ProbeResult) {
        let Some(node) = self.nodes.get(index) else {
            return;
        };
        let is_away = !found.is_ready();
        node.note(found);
        // Cancelling gains nothing while there is no other server.
        if is_away && self.has_alternative(index) {
            node.cancel();
        }
    }

    /// Notes that a job has found this server away, so that other jobs need not find
    /// out, too. Returns whether another server is ready.
    pub(super) fn report_away(&self, index: usize, cause: Cause) -> bool {
        let has_alternative = self.has_alternative(index);
        if let Some(node) = self.nodes.get(index) {
            if has_alternative {
                node.note(ProbeResult::Away(cause));
            }
            node.probe_now();
        }
        has_alternative
    }

    /// Returns whether another attempt may be made. Even if all servers fail, a service makes
    /// only slightly more attempts than it has jobs, so that retries do not multiply the load of
    /// a cluster in trouble.
    pub(super) fn grants_retry(&self) -> bool {
        self.retries.withdraw()
    }

    /// Adds a job's share to the budget of retries.
    pub(super) fn count_job(&self) {
        self.retries.deposit();
    }

    pub(super) fn health(&self) -> Health {
        let results: Vec<_> = self.nodes.iter().map(Node::last_probe).collect();
        let has_wrong_schema = results
            .iter()
            .any(|result| matches!(result, ProbeResult::WrongSchema(_)));
        let mut found_release = None;
        let mut is_writable = false;
        let servers = results.into_iter().map(|result| match result {
            ProbeResult::Ready {
                release,
                takes_writes,
                is_read_only,
            } => {
                found_release.get_or_insert(release);
                is_writable |= !is_read_only;
                if takes_writes {
                    ServerHealth::Ready
                } else {
                    ServerHealth::ReadOnly
                }
            }
            ProbeResult::Away(_) | ProbeResult::WrongSchema(_) => ServerHealth::Away,
        });
        let servers = servers.collect();
        let (readiness, release) = match found_release {
            _ if self.is_closing() => (Readiness::ShuttingDown, None),
            Some(release) if is_writable => (Readiness::Ready, release),
            Some(release) => (Readiness::ReadOnly, release),
            None if has_wrong_schema => (Readiness::WrongSchema, None),
            None => (Readiness::Unreachable(self.trouble(0)), None),
        };
        Health {
            readiness,
            release,
            servers,
        }
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
