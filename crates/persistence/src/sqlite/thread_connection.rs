use std::sync::Arc;

use byline_application::Cause;
use diesel::r2d2::{ConnectionManager, PooledConnection, R2D2Connection};

use super::{Connection, Pool};

/// The connection of one thread: taken from the pool when it is first needed, kept,
/// and replaced when it is broken.
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

    /// Returns whether there is a connection that is not known to be broken. Drops
    /// one that is.
    pub(super) fn is_open(&mut self) -> bool {
        self.connection.take_if(|connection| connection.is_broken());
        self.connection.is_some()
    }

    /// Returns a connection that is not known to be broken.
    pub(super) fn get(&mut self) -> Result<&mut Connection, Cause> {
        self.is_open();
        match &mut self.connection {
            Some(connection) => Ok(connection),
            empty => match self.pool.get() {
                Ok(connection) => Ok(empty.insert(connection)),
                Err(error) => Err(Arc::new(error)),
            },
        }
    }
}
