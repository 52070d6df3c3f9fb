//! Looking after a server: one thread that asks it how it is, so that nobody
//! else has to wait to find out.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::node::ProbeResult;
use crate::OpenError;
use crate::mysql::Connection;
use crate::mysql::cluster::Cluster;
use crate::mysql::connection::connect::{CONNECT_LIMIT, connect_to};
use crate::mysql::connection::error::ConnectError;
use crate::mysql::connection::kill::Killer;
use crate::mysql::connection::node_state;
use crate::mysql::connection::unwind::caught;
use crate::mysql::schema_check;
use crate::mysql::url::{Host, MysqlTarget};

/// How often a server that works is looked at.
const CALM: Duration = Duration::from_millis(500);

/// The shortest and the longest time between two attempts to reach a server
/// that is away: each service of many knocks at a time of its own.
const TROUBLED: (u64, u64) = (100, 400);

/// Looks at the server with this index until the store is closed.
pub(in crate::mysql) fn run(probe: &mut Probe, cluster: &Cluster, index: usize) {
    while !cluster.is_closing() {
        let sight = probe.look().unwrap_or_else(ProbeError::sight);
        let pause = match sight {
            ProbeResult::Ready { .. } => CALM,
            ProbeResult::Away(_) | ProbeResult::WrongSchema(_) => {
                Duration::from_millis(fastrand::u64(TROUBLED.0..=TROUBLED.1))
            }
        };
        cluster.saw(index, sight);
        thread::park_timeout(pause);
    }
}

/// Why the probe sees no server that works.
pub(in crate::mysql) enum ProbeError {
    Connect(ConnectError),
    Open(OpenError),
    /// The connection was closed while it was asked.
    Broken(Arc<dyn std::error::Error + Send + Sync>),
}

impl ProbeError {
    pub(in crate::mysql) fn sight(self) -> ProbeResult {
        match self {
            Self::Connect(error) => ProbeResult::Away(Arc::new(error)),
            Self::Open(
                error @ (OpenError::SchemaTooOld { .. } | OpenError::SchemaTooNew { .. }),
            ) => ProbeResult::WrongSchema(Arc::new(error)),
            Self::Open(error) => ProbeResult::Away(Arc::new(error)),
            Self::Broken(cause) => ProbeResult::Away(cause),
        }
    }
}

/// How to look at one server.
pub(in crate::mysql) struct Probe {
    target: MysqlTarget,
    host: Host,
    killer: Arc<Killer>,
    held: Option<Connection>,
    /// How large the cluster was when it was looked at last.
    cluster_size: Option<u32>,
}

/// With fewer, the loss of one node leaves no majority.
const SAFE_SIZE: u32 = 3;

impl Probe {
    pub(in crate::mysql) fn new(target: &MysqlTarget, host: &Host, killer: Arc<Killer>) -> Self {
        Self {
            killer,
            target: target.clone(),
            host: host.clone(),
            held: None,
            cluster_size: None,
        }
    }

    /// One look, over the connection of the last one. It reads a table: a
    /// Galera node without its cluster would answer `SELECT 1`.
    pub(in crate::mysql) fn look(&mut self) -> Result<ProbeResult, ProbeError> {
        let looked = caught(|| match self.ask() {
            // Which says little about the server: ask on a new one.
            Err(ProbeError::Broken(_)) => self.ask(),
            other => other,
        });
        // A row that is none: what is read of it is read here.
        looked.unwrap_or_else(|_| Err(ProbeError::Connect(ConnectError::Protocol)))
    }

    /// The look at the start, after which a schema that is too old is an error.
    /// Whoever has just migrated over one node is not told so by another that
    /// is a moment behind.
    pub(in crate::mysql) fn first_look(&mut self) -> Result<ProbeResult, ProbeError> {
        match self.look() {
            Err(ProbeError::Open(error @ OpenError::SchemaTooOld { .. })) => match self.look_up() {
                Ok(()) => self.look(),
                Err(ProbeError::Open(error @ OpenError::SchemaTooOld { .. })) => {
                    Err(ProbeError::Open(error))
                }
                // It cannot tell. Its time comes, or not.
                Err(_) => Ok(ProbeError::Open(error).sight()),
            },
            other => other,
        }
    }

    /// Looks at the schema once the node has what the others have.
    fn look_up(&self) -> Result<(), ProbeError> {
        let mut connection = connect_to(&self.target, &self.host).map_err(ProbeError::Connect)?;
        connection.set_deadline(Instant::now() + CONNECT_LIMIT);
        match schema_check::require_served(&mut connection) {
            Ok(_) => Ok(()),
            Err(error) => Err(ProbeError::Open(error)),
        }
    }

    fn ask(&mut self) -> Result<ProbeResult, ProbeError> {
        let deadline = Instant::now() + CONNECT_LIMIT;
        let mut connection = match self.held.take() {
            Some(connection) => connection,
            None => self.connect().map_err(ProbeError::Connect)?,
        };
        connection.set_deadline(deadline);
        self.killer.carry_out(&mut connection);
        let is_open = |connection: &Connection| !connection.is_lost() || Instant::now() >= deadline;
        let state = match node_state::read(&mut connection, self.target.durability) {
            Ok(state) if state.is_ready => state,
            Ok(_) => {
                self.held = Some(connection);
                return Err(ProbeError::Connect(ConnectError::NotReady));
            }
            Err(error @ ConnectError::NotDurable { .. }) => {
                self.held = Some(connection);
                return Err(ProbeError::Connect(error));
            }
            Err(error) if is_open(&connection) => return Err(ProbeError::Connect(error)),
            Err(error) => return Err(ProbeError::Broken(Arc::new(error))),
        };
        match schema_check::require_served(&mut connection) {
            Ok(release) => {
                self.note_size(state.cluster_size);
                self.held = Some(connection);
                Ok(ProbeResult::Ready {
                    release,
                    takes_writes: state.takes_writes,
                    is_read_only: state.is_read_only,
                })
            }
            Err(error) if is_open(&connection) => Err(ProbeError::Open(error)),
            Err(error) => Err(ProbeError::Broken(Arc::new(error))),
        }
    }

    /// A connection that does not wait for other nodes: whether this one works
    /// must not depend on them.
    fn connect(&self) -> Result<Connection, ConnectError> {
        let mut connection = connect_to(&self.target, &self.host)?;
        node_state::do_not_wait(&mut connection)?;
        Ok(connection)
    }

    fn note_size(&mut self, size: Option<u32>) {
        if let Some(size) = size
            && self.cluster_size != Some(size)
        {
            if size < SAFE_SIZE {
                tracing::warn!(
                    size,
                    "the cluster of the database has fewer than three nodes: if one is lost, the others may stop"
                );
            } else if self.cluster_size.is_some() {
                tracing::info!(size, "the cluster of the database has changed its size");
            }
            self.cluster_size = Some(size);
        }
    }
}
