use std::sync::Arc;
use std::time::Duration;

use byline_application::Cause;
use diesel::r2d2::{ManageConnection, Pool};

use super::Connection;
use super::connector::{ConnectError, connect};
use super::target::MysqlTarget;
use super::vitals::Vitals;

/// Makes the pool's connections.
#[derive(Clone)]
pub(super) struct Manager {
    target: MysqlTarget,
    vitals: Arc<Vitals>,
}

/// Why the pool got no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManagerError {
    #[error(transparent)]
    Connect(ConnectError),
    /// The probe has not seen the server back yet.
    #[error("{0}")]
    Away(Cause),
}

impl ManageConnection for Manager {
    type Connection = Connection;
    type Error = ManagerError;

    /// Knocks only at a server that the probe has seen: while it is away, many
    /// threads of many services would keep it from coming back.
    fn connect(&self) -> Result<Connection, ManagerError> {
        if let Some(cause) = self.vitals.trouble() {
            return Err(ManagerError::Away(cause));
        }
        connect(&self.target).map_err(|error| {
            self.vitals.look_again();
            ManagerError::Connect(error)
        })
    }

    /// Not asked: a job whose connection turns out to be broken is run again
    /// on another, which costs a round trip only when it is needed.
    fn is_valid(&self, _: &mut Connection) -> Result<(), ManagerError> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.is_lost()
    }
}

/// A pool that connects when a connection is asked for.
pub(super) fn pool(target: &MysqlTarget, vitals: &Arc<Vitals>, size: u32) -> Pool<Manager> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .idle_timeout(None)
        .max_lifetime(None)
        .test_on_check_out(false)
        // Half of it is the longest pause between two attempts.
        .connection_timeout(Duration::from_millis(400))
        .error_handler(Box::new(Quiet))
        .build_unchecked(Manager {
            target: target.clone(),
            vitals: Arc::clone(vitals),
        })
}

/// The probe logs that the server is away, once.
#[derive(Debug)]
struct Quiet;

impl diesel::r2d2::HandleError<ManagerError> for Quiet {
    fn handle_error(&self, error: ManagerError) {
        tracing::debug!(error = error.to_string(), "no connection to the database");
    }
}
