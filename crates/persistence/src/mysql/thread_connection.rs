use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_application::Cause;
use diesel::r2d2::PooledConnection;

use super::Connection;
use super::cluster::Cluster;
use super::connection::error::ConnectError;
use super::connection::pool::Manager;
use crate::queue::Route;

/// The longest time that a job waits for a connection.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The connections of one thread, one to each server that it works with. A connection
/// is taken from the server's pool when it is first needed, kept, and dropped when it
/// is lost or another server is preferred.
pub(super) struct ThreadConnection {
    cluster: Arc<Cluster>,
    connections: Vec<Option<PooledConnection<Manager>>>,
    /// The server that this thread prefers for reads that may go anywhere.
    first_host: usize,
    /// The server of the last read.
    reads: Option<usize>,
    /// The server of the last write.
    writes: Option<usize>,
}

impl ThreadConnection {
    pub(super) fn new(cluster: Arc<Cluster>, first_host: usize) -> Self {
        let connections = cluster.nodes().iter().map(|_| None).collect();
        Self {
            cluster,
            connections,
            first_host,
            reads: None,
            writes: None,
        }
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Returns a connection that is not known to be lost. Fails without waiting while every
    /// server is known to be away.
    pub(super) fn get(
        &mut self,
        route: Route,
        deadline: Instant,
    ) -> Result<&mut Connection, Cause> {
        let mut tried = 0;
        let index = loop {
            let index = self.choose(route)?;
            match self.connect(index, deadline) {
                Ok(()) => break index,
                Err(error) => {
                    tried += 1;
                    let is_absence = error.is_absence();
                    let cause: Cause = Arc::new(error);
                    let has_alternative =
                        is_absence && self.cluster.report_away(index, cause.clone());
                    if !has_alternative
                        || tried >= self.connections.len()
                        || !self.cluster.grants_retry()
                    {
                        return Err(cause);
                    }
                }
            }
        };
        let connection = self.connections.get_mut(index).and_then(Option::as_mut);
        let connection = connection.and_then(|connection| connection.get().ok());
        let connection = connection.ok_or_else(|| -> Cause { Arc::new(ConnectError::NoTime) })?;
        connection.deadline = Some(deadline);
        connection.origin = None;
        Ok(connection)
    }

    /// Reports that the server of the last job with this route is unfit. Returns
    /// whether another server is available.
    pub(super) fn report_unfit(&self, route: Route, cause: Cause) -> bool {
        let index = match route {
            Route::Read => self.reads,
            Route::Write => self.writes,
        };
        index.is_some_and(|index| self.cluster.report_away(index, cause))
    }

    /// Returns the server to use, and drops the connection to the one that was used
    /// before.
    fn choose(&mut self, route: Route) -> Result<usize, Cause> {
        let (current, other) = match route {
            Route::Read => (&mut self.reads, self.writes),
            Route::Write => (&mut self.writes, self.reads),
        };
        let index = match self.cluster.choose(route, self.first_host, *current) {
            Ok(index) => index,
            Err(cause) => {
                self.drop_lost();
                return Err(cause);
            }
        };
        let before = current.replace(index);
        if let Some(before) = before
            && before != index
            && Some(before) != other
            && let Some(connection) = self.connections.get_mut(before)
        {
            *connection = None;
        }
        Ok(index)
    }

    /// Drops connections that are lost, so that the server rolls back their
    /// transactions.
    pub(super) fn drop_lost(&mut self) {
        for connection in &mut self.connections {
            connection.take_if(|connection| connection.is_lost());
        }
    }

    /// Ensures that there is a connection to this server.
    fn connect(&mut self, index: usize, deadline: Instant) -> Result<(), ConnectError> {
        let (Some(current), Some(node)) = (
            self.connections.get_mut(index),
            self.cluster.nodes().get(index),
        ) else {
            return Err(ConnectError::NoTime);
        };
        if current.take_if(|current| current.is_lost()).is_some() {
            node.probe_now();
        }
        while current.is_none() {
            let rest = deadline.saturating_duration_since(Instant::now());
            let mut taken = node
                .pool
                .get_timeout(rest.min(LONGEST_WAIT))
                .map_err(|_| ConnectError::NoTime)?;
            if let Err(error) = taken.get() {
                let error = error.clone();
                node.probe_now();
                return Err(error);
            }
            // An idle connection may have been cancelled in the pool.
            if !taken.is_lost() {
                *current = Some(taken);
            }
        }
        Ok(())
    }
}
