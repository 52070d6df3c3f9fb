//! Probes a server: one thread asks it for its state, so that jobs need not wait to
//! find out.

use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::Cluster;
use super::node::ProbeResult;
use crate::OpenError;
use crate::mysql::connection::connect::{CONNECT_LIMIT, connect_to};
use crate::mysql::connection::error::ConnectError;
use crate::mysql::connection::kill::Killer;
use crate::mysql::connection::node_state;
use crate::mysql::connection::unwind::caught;
use crate::mysql::url::{Host, MysqlTarget};
use crate::mysql::{Connection, schema_check};

/// Between two probes of a server that works.
const READY_INTERVAL: Duration = Duration::from_millis(500);

/// The shortest and the longest time between two probes of a server that is away. It is
/// random, so that services do not all connect at once.
const AWAY_INTERVAL_MILLIS: (u64, u64) = (100, 400);

/// Probes the server with this index until the store is closed.
pub(in crate::mysql) fn run(probe: &mut Probe, cluster: &Cluster, index: usize) {
    while !cluster.is_closing() {
        let found = probe.probe().unwrap_or_else(ProbeError::into_result);
        let pause = if found.is_ready() {
            READY_INTERVAL
        } else {
            let (shortest, longest) = AWAY_INTERVAL_MILLIS;
            Duration::from_millis(fastrand::u64(shortest..=longest))
        };
        cluster.note_probe(index, found);
        thread::park_timeout(pause);
    }
}

/// Why a probe has found no server that works.
pub(in crate::mysql) enum ProbeError {
    Connect(ConnectError),
    Open(OpenError),
    /// The connection was closed during the probe.
    Broken(Arc<dyn Error + Send + Sync>),
}

impl ProbeError {
    pub(in crate::mysql) fn into_result(self) -> ProbeResult {
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

/// Probes one server.
pub(in crate::mysql) struct Probe {
    target: MysqlTarget,
    host: Host,
    killer: Arc<Killer>,
    /// The connection of the last probe.
    connection: Option<Connection>,
    /// The size of the cluster at the last probe.
    cluster_size: Option<u32>,
}

/// With fewer nodes, the loss of one leaves no majority.
const SAFE_SIZE: u32 = 3;

impl Probe {
    pub(in crate::mysql) fn new(target: &MysqlTarget, host: &Host, killer: Arc<Killer>) -> Self {
        Self {
            killer,
            target: target.clone(),
            host: host.clone(),
            connection: None,
            cluster_size: None,
        }
    }

    /// Probes the server, over the connection of the last probe. It reads a table: a
    /// Galera node without its cluster would answer `SELECT 1`.
    pub(in crate::mysql) fn probe(&mut self) -> Result<ProbeResult, ProbeError> {
        let found = caught(|| match self.ask() {
            // That says little about the server: ask again on a new connection.
            Err(ProbeError::Broken(_)) => self.ask(),
            other => other,
        });
        // The driver panicked over a malformed row.
        found.unwrap_or_else(|_| Err(ProbeError::Connect(ConnectError::Protocol)))
    }

    /// Probes the server at the start, when a schema that is too old is an error.
    /// Another node may be a moment behind the one that was just migrated, so its
    /// schema is read once more, after it has caught up.
    pub(in crate::mysql) fn first_probe(&mut self) -> Result<ProbeResult, ProbeError> {
        let error = match self.probe() {
            Err(ProbeError::Open(error @ OpenError::SchemaTooOld { .. })) => error,
            other => return other,
        };
        match self.check_schema_when_synced() {
            Ok(()) => self.probe(),
            Err(error @ ProbeError::Open(OpenError::SchemaTooOld { .. })) => Err(error),
            // Unknown for now; later probes will tell.
            Err(_) => Ok(ProbeError::Open(error).into_result()),
        }
    }

    /// Checks the schema once the node has what the others have.
    fn check_schema_when_synced(&self) -> Result<(), ProbeError> {
        let mut connection = connect_to(&self.target, &self.host).map_err(ProbeError::Connect)?;
        connection.deadline = Some(Instant::now() + CONNECT_LIMIT);
        schema_check::require_served(&mut connection).map_err(ProbeError::Open)?;
        Ok(())
    }

    fn ask(&mut self) -> Result<ProbeResult, ProbeError> {
        let deadline = Instant::now() + CONNECT_LIMIT;
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().map_err(ProbeError::Connect)?,
        };
        connection.deadline = Some(deadline);
        self.killer.carry_out(&mut connection);
        let is_open = |connection: &Connection| !connection.is_lost() || Instant::now() >= deadline;
        let state = match node_state::read(&mut connection, self.target.durability) {
            Ok(state) if state.is_ready => state,
            found @ (Ok(_) | Err(ConnectError::NotDurable { .. })) => {
                self.connection = Some(connection);
                let error = found.err().unwrap_or(ConnectError::NotReady);
                return Err(ProbeError::Connect(error));
            }
            Err(error) if is_open(&connection) => return Err(ProbeError::Connect(error)),
            Err(error) => return Err(ProbeError::Broken(Arc::new(error))),
        };
        match schema_check::require_served(&mut connection) {
            Ok(release) => {
                self.note_size(state.cluster_size);
                self.connection = Some(connection);
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

    /// Connects, and does not wait for other nodes: whether this one works must not
    /// depend on them.
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
                tracing::info!(size, "the size of the database cluster has changed");
            }
            self.cluster_size = Some(size);
        }
    }
}
