use std::path::Path;

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, OptsBuilder};
use tokio::runtime::Runtime;

/// A connection as root, over the server's local socket.
pub(crate) struct Admin {
    connection: Option<Conn>,
    runtime: Runtime,
}

impl Admin {
    pub(crate) fn connect(socket: &Path, database: Option<&str>) -> mysql_async::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let options = OptsBuilder::default()
            .socket(socket.to_str())
            .user(Some("root"))
            .db_name(database)
            .stmt_cache_size(0);
        let connection = runtime.block_on(Conn::new(options))?;
        Ok(Self {
            connection: Some(connection),
            runtime,
        })
    }

    pub(crate) fn try_run(&mut self, sql: &str) -> mysql_async::Result<()> {
        let connection = self.connection.as_mut().unwrap();
        self.runtime.block_on(connection.query_drop(sql))
    }

    pub(crate) fn run(&mut self, sql: &str) {
        self.try_run(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Returns the first column of every row, as text.
    pub(crate) fn column(&mut self, sql: &str) -> Vec<String> {
        self.rows(sql)
    }

    /// Returns all rows.
    ///
    /// MySQL cannot show the list of processes while one of them runs a statement with a binary
    /// literal (3854): the query is repeated then.
    pub(crate) fn rows<R: FromRow + Send + 'static>(&mut self, sql: &str) -> Vec<R> {
        let connection = self.connection.as_mut().unwrap();
        let mut left = 1000;
        loop {
            match self.runtime.block_on(connection.query(sql)) {
                Ok(rows) => return rows,
                Err(mysql_async::Error::Server(error)) if error.code == 3854 && left > 0 => {
                    left -= 1;
                }
                Err(error) => panic!("{sql}: {error}"),
            }
        }
    }

    pub(crate) fn number(&mut self, sql: &str) -> u64 {
        self.column(sql)[0].parse().unwrap()
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        let connection = self.connection.take();
        // The driver needs the runtime to disconnect.
        self.runtime.block_on(async { drop(connection) });
    }
}
