use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use diesel::r2d2::{ManageConnection, Pool};

use super::kill::Killer;
use crate::mysql::Connection;
use crate::mysql::connection::CancelSignal;
use crate::mysql::connection::connect::connect_to;
use crate::mysql::connection::error::ConnectError;
use crate::mysql::url::{Host, MysqlTarget};

/// Makes the connections of one server's pool.
pub(in crate::mysql) struct Manager {
    target: MysqlTarget,
    host: Host,
    /// `None` if there is no other server to use.
    cancel: Option<CancelSignal>,
    killer: Arc<Killer>,
}

/// The result of an attempt to connect. r2d2 would retry an error, and not return its
/// cause. An error that is returned like a connection is reported at once, and not
/// retried.
pub(in crate::mysql) struct ConnectAttempt(Result<Connection, ConnectError>);

impl ConnectAttempt {
    pub(in crate::mysql) fn get(&mut self) -> Result<&mut Connection, &ConnectError> {
        self.0.as_mut().map_err(|error| &*error)
    }

    /// Returns whether the connection is of no use any more.
    pub(in crate::mysql) fn is_lost(&self) -> bool {
        self.0.as_ref().map_or(true, Connection::is_lost)
    }
}

impl ManageConnection for Manager {
    type Connection = ConnectAttempt;
    type Error = Infallible;

    fn connect(&self) -> Result<ConnectAttempt, Infallible> {
        let mut cancel = self.cancel.clone();
        if let Some(cancel) = &mut cancel {
            // Earlier signals were for other connections.
            cancel.mark_unchanged();
        }
        let mut made = connect_to(&self.target, &self.host);
        if let Ok(connection) = &mut made {
            connection.killer = Some(Arc::clone(&self.killer));
            connection.cancel = cancel;
        }
        Ok(ConnectAttempt(made))
    }

    /// Does not ask the server: a job whose connection is broken runs again on another
    /// one, which costs a round trip only when needed.
    fn is_valid(&self, _: &mut ConnectAttempt) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, attempt: &mut ConnectAttempt) -> bool {
        // A panic of the thread that held it may have left a transaction open.
        attempt.is_lost() || std::thread::panicking()
    }
}

/// How long the pool keeps a connection that no thread uses: those to a server that
/// has replaced another for a while.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// Returns a pool that connects when a connection is needed.
pub(in crate::mysql) fn pool(
    target: &MysqlTarget,
    host: &Host,
    cancel: Option<CancelSignal>,
    killer: Arc<Killer>,
    size: u32,
) -> Pool<Manager> {
    Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .idle_timeout(Some(IDLE_LIMIT))
        .max_lifetime(None)
        .test_on_check_out(false)
        .build_unchecked(Manager {
            target: target.clone(),
            host: host.clone(),
            cancel,
            killer,
        })
}
