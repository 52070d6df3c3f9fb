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
    /// `None` where there is no other server to go to.
    fence: Option<CancelSignal>,
    killer: Arc<Killer>,
}

/// What an attempt to connect came to. r2d2 tries again and again and tells
/// nobody why it has no connection; a failure that is handed over like a
/// connection is heard of at once, and nobody knocks again unasked.
pub(in crate::mysql) struct Attempt(Result<Connection, ConnectError>);

impl Attempt {
    pub(in crate::mysql) fn connection(&mut self) -> Result<&mut Connection, &ConnectError> {
        self.0.as_mut().map_err(|error| &*error)
    }

    /// Whether nothing can be done with it any more.
    pub(in crate::mysql) fn is_lost(&self) -> bool {
        self.0.as_ref().map_or(true, Connection::is_lost)
    }
}

impl ManageConnection for Manager {
    type Connection = Attempt;
    type Error = Infallible;

    fn connect(&self) -> Result<Attempt, Infallible> {
        let mut fence = self.fence.clone();
        if let Some(fence) = &mut fence {
            // What was broken off before is another connection's affair.
            fence.mark_unchanged();
        }
        let mut made = connect_to(&self.target, &self.host);
        if let Ok(connection) = &mut made {
            connection.set_killer(Arc::clone(&self.killer));
            if let Some(fence) = fence {
                connection.set_fence(fence);
            }
        }
        Ok(Attempt(made))
    }

    /// Not asked: a job whose connection turns out to be broken is run again
    /// on another, which costs a round trip only when it is needed.
    fn is_valid(&self, _: &mut Attempt) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, attempt: &mut Attempt) -> bool {
        // A panic of the thread that held it may have left a transaction open.
        attempt.is_lost() || std::thread::panicking()
    }
}

/// How long a connection is kept that no thread holds: those of the server
/// that stood in for another one.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// A pool that connects when a connection is asked for.
pub(in crate::mysql) fn pool(
    target: &MysqlTarget,
    host: &Host,
    fence: Option<CancelSignal>,
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
            fence,
            killer,
        })
}
