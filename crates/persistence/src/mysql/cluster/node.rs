//! One server of a store: how it is, and the connections to it.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use byline_application::{Cause, Release};
use tokio::sync::watch;

use crate::mysql::Pool;
use crate::mysql::connection::error::ConnectError;
use crate::mysql::connection::kill::Killer;

/// How long a server that comes back has to be well before it is preferred
/// again to the one that stood in for it: some time at random in this range, so
/// that not all services move at once.
const PROBATION_MILLIS: (u64, u64) = (3_000, 5_000);

/// A server.
pub(in crate::mysql) struct Node {
    /// What logs call it: where it stands in the URL, counted from 1. Its host
    /// is nobody's business.
    number: usize,
    is_alone: bool,
    pool: Pool,
    seen: RwLock<Seen>,
    fence: watch::Sender<()>,
    killer: Arc<Killer>,
}

struct Seen {
    sight: ProbeResult,
    /// When it has been well for long enough.
    settled: Instant,
}

/// What the probe saw.
#[derive(Clone, Debug)]
pub(in crate::mysql) enum ProbeResult {
    /// A server that works, with a schema for this program.
    Ready {
        release: Option<Release>,
        /// Whether writes are well placed here.
        takes_writes: bool,
        /// Whether it refuses writes, as far as it says.
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
}

/// How well a server is suited, the best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::mysql) enum NodePreference {
    Away,
    /// It works, but it is no place for writes.
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
        fence: watch::Sender<()>,
        killer: Arc<Killer>,
        sight: ProbeResult,
    ) -> Self {
        Self {
            number,
            is_alone,
            pool,
            seen: RwLock::new(Seen {
                sight,
                settled: Instant::now(),
            }),
            fence,
            killer,
        }
    }

    pub(in crate::mysql) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(in crate::mysql) fn sight(&self) -> ProbeResult {
        match self.seen.read() {
            Ok(seen) => seen.sight.clone(),
            Err(_) => ProbeResult::Away(Arc::new(ConnectError::TimedOut)),
        }
    }

    /// Why the server is not ready.
    pub(in crate::mysql) fn trouble(&self) -> Option<Cause> {
        match self.seen.read().as_deref() {
            Ok(seen) => match &seen.sight {
                ProbeResult::Ready { .. } => None,
                ProbeResult::Away(cause) | ProbeResult::WrongSchema(cause) => {
                    Some(Arc::clone(cause))
                }
            },
            Err(_) => Some(Arc::new(ConnectError::TimedOut)),
        }
    }

    /// How well the server is suited at the moment, for writes or for reads.
    pub(in crate::mysql) fn standing(&self, writes: bool, now: Instant) -> NodePreference {
        match self.seen.read().as_deref() {
            Ok(Seen {
                sight: ProbeResult::Ready { takes_writes, .. },
                settled,
            }) => {
                if writes && !takes_writes {
                    NodePreference::Makeshift
                } else if *settled > now {
                    NodePreference::OnProbation
                } else {
                    NodePreference::Settled
                }
            }
            _ => NodePreference::Away,
        }
    }

    /// Takes note of what is seen, and logs what is new.
    pub(in crate::mysql) fn saw(&self, sight: ProbeResult) {
        let Ok(mut seen) = self.seen.write() else {
            return;
        };
        self.log(&seen.sight, &sight);
        if sight.is_ready() && !seen.sight.is_ready() {
            let (shortest, longest) = PROBATION_MILLIS;
            let probation = Duration::from_millis(fastrand::u64(shortest..=longest));
            seen.settled = Instant::now() + probation;
        }
        seen.sight = sight;
    }

    fn log(&self, before: &ProbeResult, now: &ProbeResult) {
        let node = (!self.is_alone).then_some(self.number);
        match (before, now) {
            (
                ProbeResult::Ready {
                    takes_writes: before,
                    is_read_only: was_read_only,
                    ..
                },
                ProbeResult::Ready {
                    takes_writes,
                    is_read_only,
                    ..
                },
            ) => {
                if *is_read_only && !was_read_only {
                    tracing::error!(node, "the database server has become read-only");
                } else if before != takes_writes {
                    tracing::warn!(
                        node,
                        takes_writes,
                        "the database server has changed its mind about writes"
                    );
                }
            }
            (
                _,
                ProbeResult::Ready {
                    is_read_only: true, ..
                },
            ) => tracing::error!(node, "the database is back, and read-only"),
            (_, ProbeResult::Ready { .. }) => tracing::info!(node, "the database is back"),
            (
                ProbeResult::Ready { .. },
                ProbeResult::Away(cause) | ProbeResult::WrongSchema(cause),
            ) => {
                tracing::error!(node, error = cause.to_string(), "the database is away");
            }
            (_, ProbeResult::Away(_) | ProbeResult::WrongSchema(_)) => {}
        }
    }

    /// Breaks off every statement that waits for this server, and closes the
    /// connections to it.
    pub(in crate::mysql) fn break_off(&self) {
        self.fence.send_replace(());
    }

    /// Has the probe look at once: somebody has lost a connection.
    pub(in crate::mysql) fn look_again(&self) {
        self.killer.wake_probe();
    }

    pub(in crate::mysql) fn killer(&self) -> &Killer {
        &self.killer
    }
}
