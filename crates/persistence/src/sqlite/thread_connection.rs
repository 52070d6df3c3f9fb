//! A thread's hold on its connection.

use std::sync::Arc;

use byline_application::Cause;
use diesel::r2d2::{ConnectionManager, PooledConnection, R2D2Connection};

use super::{Connection, Pool};

/// Takes a connection from the pool when it is first needed, keeps it, and
/// exchanges it when it is broken.
pub(super) struct ThreadConnection {
    pool: Pool,
    connection: Option<PooledConnection<ConnectionManager<Connection>>>,
}

impl ThreadConnection {
    pub(super) fn new(pool: Pool) -> Self {
        Self {
            pool,
            connection: None,
        }
    }

    /// Whether there is a connection that works, as far as one can tell. One that
    /// is broken is dropped.
    pub(super) fn holds_one(&mut self) -> bool {
        if self
            .connection
            .as_mut()
            .is_some_and(|held| held.is_broken())
        {
            self.connection = None;
        }
        self.connection.is_some()
    }

    /// A connection that works, as far as one can tell.
    pub(super) fn connection(&mut self) -> Result<&mut Connection, Cause> {
        self.holds_one();
        let held = match self.connection.take() {
            Some(held) => held,
            None => match self.pool.get() {
                Ok(fresh) => fresh,
                Err(error) => return Err(Arc::new(error)),
            },
        };
        Ok(self.connection.insert(held))
    }
}
