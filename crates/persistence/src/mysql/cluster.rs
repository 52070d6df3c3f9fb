//! The servers of a store, and which of them a job goes to.

pub(super) mod node;
pub(super) mod probe;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use byline_application::{Cause, Health, Intent, Readiness, ServerHealth};
use tower::retry::budget::{Budget, TpsBudget};

use crate::mysql::cluster::node::{Node, NodePreference, ProbeResult};
use crate::mysql::connection::error::ConnectError;
use crate::mysql::url::Reads;

/// What a job is to a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// It reads: any server will do, if the URL says so.
    Read,
    /// It writes: to the first server that can, on every service alike, so that
    /// writes seldom meet on different servers.
    Write,
}

impl Route {
    pub(super) fn of(intent: Intent) -> Self {
        match intent {
            Intent::Read | Intent::Snapshot => Self::Read,
            Intent::Create | Intent::Write | Intent::DryRun => Self::Write,
        }
    }
}

/// One server or several with the same data.
pub(super) struct Cluster {
    nodes: Vec<Arc<Node>>,
    reads: Reads,
    closing: AtomicBool,
    retries: TpsBudget,
}

/// How far back the budget of retries looks.
const BUDGET_WINDOW_SECONDS: u32 = 10;

/// Retries for each job.
const BUDGET_SHARE: f32 = 0.05;

impl Cluster {
    pub(super) fn new(nodes: Vec<Arc<Node>>, reads: Reads, threads: usize) -> Self {
        // Granted in any case: when a server has been restarted, each thread
        // finds its connection broken once.
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

    pub(super) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// Where a job goes, as the index of a server. `turn` is the first server
    /// to look at for reads that may go anywhere; `held` is where the last job
    /// of this kind went.
    ///
    /// # Errors
    ///
    /// Why no server can be asked at present. While there is a reason, nobody
    /// but the probes knocks.
    pub(super) fn choose(
        &self,
        route: Route,
        turn: usize,
        held: Option<usize>,
    ) -> Result<usize, Cause> {
        let count = self.nodes.len();
        let first = match (route, self.reads) {
            (Route::Read, Reads::Anywhere) => turn % count.max(1),
            (Route::Read, Reads::WithWrites) | (Route::Write, _) => 0,
        };
        let now = Instant::now();
        let mut best = (NodePreference::Away, first);
        for index in (first..count).chain(0..first) {
            let Some(node) = self.nodes.get(index) else {
                continue;
            };
            let standing = match node.standing(route == Route::Write, now) {
                // Where one is, one stays.
                NodePreference::OnProbation if held == Some(index) => NodePreference::Settled,
                standing => standing,
            };
            if standing > best.0 {
                best = (standing, index);
            }
            if standing == NodePreference::Settled {
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
        node.and_then(|node| node.trouble())
            .unwrap_or_else(|| Arc::new(ConnectError::TimedOut))
    }

    /// Takes note of what a probe saw.
    pub(super) fn saw(&self, index: usize, sight: ProbeResult) {
        let Some(node) = self.nodes.get(index) else {
            return;
        };
        let is_away = !sight.is_ready();
        node.saw(sight);
        // Nobody gains by hurrying while there is nowhere to go.
        let elsewhere = self.nodes.iter().any(|other| other.trouble().is_none());
        if is_away && elsewhere {
            node.break_off();
        }
    }

    /// A job has found this server away: the others need not find out too.
    /// Tells whether there is another server to go to.
    pub(super) fn found_away(&self, index: usize, cause: Cause) -> bool {
        let others = self.nodes.iter().enumerate();
        let elsewhere = others
            .filter(|(other, _)| *other != index)
            .any(|(_, node)| node.trouble().is_none());
        if let Some(node) = self.nodes.get(index) {
            if elsewhere {
                node.saw(ProbeResult::Away(cause));
            }
            node.look_again();
        }
        elsewhere
    }

    /// Whether another attempt may be made. All attempts of a service together
    /// are a little more than its jobs, whatever becomes of the servers: a
    /// cluster that is in trouble is not asked three times as much.
    pub(super) fn grants_retry(&self) -> bool {
        self.retries.withdraw()
    }

    /// A job begins.
    pub(super) fn count_job(&self) {
        self.retries.deposit();
    }

    pub(super) fn health(&self) -> Health {
        let sights: Vec<ProbeResult> = self.nodes.iter().map(|node| node.sight()).collect();
        let release = sights.iter().find_map(|sight| match sight {
            ProbeResult::Ready { release, .. } => Some(release.clone()),
            ProbeResult::Away(_) | ProbeResult::WrongSchema(_) => None,
        });
        let wrong = |sight: &ProbeResult| matches!(sight, ProbeResult::WrongSchema(_));
        let is_writable = |sight: &ProbeResult| {
            let ProbeResult::Ready { is_read_only, .. } = sight else {
                return false;
            };
            !is_read_only
        };
        let (readiness, release) = match release {
            _ if self.is_closing() => (Readiness::ShuttingDown, None),
            Some(release) if sights.iter().any(is_writable) => (Readiness::Ready, release),
            Some(release) => (Readiness::ReadOnly, release),
            None if sights.iter().any(wrong) => (Readiness::WrongSchema, None),
            None => (Readiness::Unreachable(self.trouble(0)), None),
        };
        let servers = sights.iter().map(|sight| match sight {
            ProbeResult::Ready {
                takes_writes: true, ..
            } => ServerHealth::Ready,
            ProbeResult::Ready { .. } => ServerHealth::ReadOnly,
            ProbeResult::Away(_) | ProbeResult::WrongSchema(_) => ServerHealth::Away,
        });
        Health {
            readiness,
            release,
            servers: servers.collect(),
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
