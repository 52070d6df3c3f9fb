//! A thread's hold on its connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_application::Cause;
use diesel::r2d2::PooledConnection;

use super::connector::ConnectError;
use super::manager::Manager;
use super::vitals::Vitals;
use super::{Connection, Pool};

/// The longest that a job waits for a connection.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Takes a connection from the pool when it is first needed, keeps it, and
/// exchanges it when it is lost.
pub(super) struct Lease {
    pool: Pool,
    vitals: Arc<Vitals>,
    held: Option<PooledConnection<Manager>>,
}

impl Lease {
    pub(super) fn new(pool: Pool, vitals: Arc<Vitals>) -> Self {
        Self {
            pool,
            vitals,
            held: None,
        }
    }

    /// A connection that works, as far as one can tell. While the server is
    /// known to be away there is none, and nobody waits for it.
    pub(super) fn connection(&mut self, deadline: Instant) -> Result<&mut Connection, Cause> {
        if self.held.as_ref().is_some_and(|held| held.is_lost()) {
            self.held = None;
            self.vitals.look_again();
        }
        if let Some(cause) = self.vitals.trouble() {
            return Err(cause);
        }
        let held = match self.held.take() {
            Some(held) => held,
            None => self.take(deadline)?,
        };
        let connection: &mut Connection = self.held.insert(held);
        connection.set_deadline(deadline);
        connection.set_origin(None);
        Ok(connection)
    }

    fn take(&self, deadline: Instant) -> Result<PooledConnection<Manager>, Cause> {
        let patience = deadline
            .saturating_duration_since(Instant::now())
            .min(LONGEST_WAIT);
        self.pool.get_timeout(patience).map_err(|_| {
            // The pool's own error may be another attempt's.
            let seen = self.vitals.trouble();
            seen.unwrap_or_else(|| Arc::new(ConnectError::TimedOut))
        })
    }
}
