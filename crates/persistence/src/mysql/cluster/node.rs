//! One server of a store: its state, and the connections to it.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use byline_application::{Cause, Release};
use tokio::sync::watch;

use crate::mysql::Pool;
use crate::mysql::connection::error::ConnectError;
use crate::mysql::connection::kill::Killer;

/// How long a server that comes back has to work before it is preferred again to the
/// one that replaced it: a random time in this range, so that not all services switch
/// at once.
const PROBATION_MILLIS: (u64, u64) = (3_000, 5_000);

/// A server.
pub(in crate::mysql) struct Node {
    /// The server's name in logs: its position in the URL, counted from 1. Hosts are
    /// not logged.
    number: usize,
    is_alone: bool,
    pub(in crate::mysql) pool: Pool,
    state: RwLock<ProbedState>,
    cancel: watch::Sender<()>,
    pub(in crate::mysql) killer: Arc<Killer>,
}

struct ProbedState {
    last: ProbeResult,
    probation_end: Instant,
}

/// The result of a probe.
#[derive(Clone, Debug)]
pub(in crate::mysql) enum ProbeResult {
    /// A server that works, with a schema that this program can serve.
    Ready {
        release: Option<Release>,
        /// Whether writes should go here.
        takes_writes: bool,
        /// Whether it says that it refuses writes.
        is_read_only: bool,
    },
    /// No server that works.
    Away(Cause),
    /// A server with another schema; the text says what to do.
    WrongSchema(Cause),
}

impl ProbeResult {
    pub(in crate::mysql) fn is_ready(&self) -> bool {
        matches!(self, Self::Ready { .. })
    }

    fn trouble(&self) -> Option<&Cause> {
        match self {
            Self::Ready { .. } => None,
            Self::Away(cause) | Self::WrongSchema(cause) => Some(cause),
        }
    }
}

/// How well a server is suited for a job, the best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::mysql) enum NodePreference {
    Away,
    /// It works, but writes should go elsewhere.
    Makeshift,
    /// It works again, but not for long yet.
    OnProbation,
    Settled,
}

impl Node {
    pub(in crate::mysql) fn new(
        number: usize,
        is_alone: bool,
        pool: Pool,
        cancel: watch::Sender<()>,
        killer: Arc<Killer>,
        last: ProbeResult,
    ) -> Self {
        Self {
            number,
            is_alone,
            pool,
            state: RwLock::new(ProbedState {
                last,
                probation_end: Instant::now(),
            }),
            cancel,
            killer,
        }
    }

    pub(in crate::mysql) fn last_probe(&self) -> ProbeResult {
        match self.state.read() {
            Ok(state) => state.last.clone(),
            Err(_) => ProbeResult::Away(Arc::new(ConnectError::TimedOut)),
        }
    }

    /// Returns why the server is not ready.
    pub(in crate::mysql) fn trouble(&self) -> Option<Cause> {
        match self.state.read() {
            Ok(state) => state.last.trouble().cloned(),
            Err(_) => Some(Arc::new(ConnectError::TimedOut)),
        }
    }

    /// Returns how well the server is suited at present, for writes or for reads.
    pub(in crate::mysql) fn preference(&self, writes: bool, now: Instant) -> NodePreference {
        let Ok(state) = self.state.read() else {
            return NodePreference::Away;
        };
        match state.last {
            ProbeResult::Away(_) | ProbeResult::WrongSchema(_) => NodePreference::Away,
            ProbeResult::Ready { takes_writes, .. } if writes && !takes_writes => {
                NodePreference::Makeshift
            }
            ProbeResult::Ready { .. } if state.probation_end > now => NodePreference::OnProbation,
            ProbeResult::Ready { .. } => NodePreference::Settled,
        }
    }

    /// Notes the result of a probe, and logs changes.
    pub(in crate::mysql) fn note(&self, found: ProbeResult) {
        let Ok(mut state) = self.state.write() else {
            return;
        };
        self.log(&state.last, &found);
        if found.is_ready() && !state.last.is_ready() {
            let (shortest, longest) = PROBATION_MILLIS;
            let probation = Duration::from_millis(fastrand::u64(shortest..=longest));
            state.probation_end = Instant::now() + probation;
        }
        state.last = found;
    }

    fn log(&self, before: &ProbeResult, now: &ProbeResult) {
        let node = (!self.is_alone).then_some(self.number);
        let ready = |result: &ProbeResult| match *result {
            ProbeResult::Ready {
                takes_writes,
                is_read_only,
                ..
            } => Some((takes_writes, is_read_only)),
            ProbeResult::Away(_) | ProbeResult::WrongSchema(_) => None,
        };
        match (ready(before), ready(now)) {
            (Some((_, false)), Some((_, true))) => {
                tracing::error!(node, "the database server has become read-only");
            }
            (Some((before, _)), Some((takes_writes, _))) if before != takes_writes => {
                tracing::warn!(
                    node,
                    takes_writes,
                    "whether the database server takes writes has changed"
                );
            }
            (None, Some((_, true))) => {
                tracing::error!(node, "the database is back, and read-only");
            }
            (None, Some(_)) => tracing::info!(node, "the database is back"),
            (Some(_), None) => {
                let error = now.trouble().map(ToString::to_string);
                tracing::error!(node, error, "the database is away");
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }

    /// Cancels every statement that waits for this server, and has the connections to
    /// it closed.
    pub(in crate::mysql) fn cancel(&self) {
        self.cancel.send_replace(());
    }

    /// Has the server probed at once, after a connection was lost.
    pub(in crate::mysql) fn probe_now(&self) {
        self.killer.wake_probe();
    }
}
