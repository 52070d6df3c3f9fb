//! A thread's hold on its connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_application::Cause;
use diesel::r2d2::PooledConnection;

use crate::mysql::Connection;
use crate::mysql::cluster::{Cluster, Route};
use crate::mysql::connection::error::ConnectError;
use crate::mysql::connection::pool::Manager;

/// The longest that a job waits for a connection.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Takes a connection from a server's pool when it is first needed, keeps it,
/// and exchanges it when it is lost or its server is no longer the one to ask:
/// one connection to each server that the thread works with, usually one.
pub(super) struct ThreadConnection {
    cluster: Arc<Cluster>,
    held: Vec<Option<PooledConnection<Manager>>>,
    /// The server that this thread reads from first, where any will do.
    turn: usize,
    reads: Option<usize>,
    writes: Option<usize>,
}

impl ThreadConnection {
    pub(super) fn new(cluster: Arc<Cluster>, turn: usize) -> Self {
        let held = cluster.nodes().iter().map(|_| None).collect();
        Self {
            cluster,
            held,
            turn,
            reads: None,
            writes: None,
        }
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// A connection that works, as far as one can tell. While every server is
    /// known to be away there is none, and nobody waits for it.
    pub(super) fn connection(
        &mut self,
        route: Route,
        deadline: Instant,
    ) -> Result<&mut Connection, Cause> {
        let mut tried = 0;
        let index = loop {
            let index = self.turn_to(route)?;
            match self.connect(index, deadline) {
                Ok(()) => break index,
                Err(error) => {
                    tried += 1;
                    let is_absence = error.is_absence();
                    let cause: Cause = Arc::new(error);
                    let elsewhere = is_absence && self.cluster.found_away(index, cause.clone());
                    if !elsewhere || tried >= self.held.len() || !self.cluster.grants_retry() {
                        return Err(cause);
                    }
                }
            }
        };
        let held = self.held.get_mut(index).and_then(Option::as_mut);
        let connection = held.and_then(|held| held.connection().ok());
        let connection = connection.ok_or_else(|| -> Cause { Arc::new(ConnectError::NoTime) })?;
        connection.set_deadline(deadline);
        connection.set_origin(None);
        Ok(connection)
    }

    /// The connection of the last job has told that its server is unfit. Tells
    /// whether there is another one to go to.
    pub(super) fn found_unfit(&self, route: Route, cause: Cause) -> bool {
        let index = match route {
            Route::Read => self.reads,
            Route::Write => self.writes,
        };
        index.is_some_and(|index| self.cluster.found_away(index, cause))
    }

    /// Turns to the server that is to be asked, and lets go of the one that
    /// was.
    fn turn_to(&mut self, route: Route) -> Result<usize, Cause> {
        let (current, other) = match route {
            Route::Read => (&mut self.reads, self.writes),
            Route::Write => (&mut self.writes, self.reads),
        };
        let index = match self.cluster.choose(route, self.turn, *current) {
            Ok(index) => index,
            Err(cause) => {
                self.let_go_of_the_lost();
                return Err(cause);
            }
        };
        let before = current.replace(index);
        if let Some(before) = before
            && before != index
            && Some(before) != other
            && let Some(held) = self.held.get_mut(before)
        {
            *held = None;
        }
        Ok(index)
    }

    /// Closes the connections of which nothing can be made any more, so that the
    /// server rolls back what they had begun.
    pub(in crate::mysql) fn let_go_of_the_lost(&mut self) {
        for held in &mut self.held {
            if held.as_ref().is_some_and(|held| held.is_lost()) {
                *held = None;
            }
        }
    }

    /// Sees to it that there is a connection to this server.
    fn connect(&mut self, index: usize, deadline: Instant) -> Result<(), ConnectError> {
        let (Some(held), Some(node)) = (self.held.get_mut(index), self.cluster.nodes().get(index))
        else {
            return Err(ConnectError::NoTime);
        };
        if held.as_ref().is_some_and(|held| held.is_lost()) {
            *held = None;
            node.look_again();
        }
        if held.is_some() {
            return Ok(());
        }
        loop {
            let patience = deadline
                .saturating_duration_since(Instant::now())
                .min(LONGEST_WAIT);
            let mut taken = node
                .pool()
                .get_timeout(patience)
                .map_err(|_| ConnectError::NoTime)?;
            match taken.connection() {
                Ok(_) => {}
                Err(error) => {
                    let error = error.clone();
                    node.look_again();
                    return Err(error);
                }
            }
            // One that nobody held may have been broken off meanwhile.
            if !taken.is_lost() {
                *held = Some(taken);
                return Ok(());
            }
        }
    }
}
