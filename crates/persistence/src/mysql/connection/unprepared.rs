//! Runs statements without preparing them. diesel prepares every statement that returns
//! rows, and servers cannot prepare all of them.

use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error};
use mysql_async::prelude::{FromRow, Queryable};
use tokio::time::timeout;

use super::connect::{CONNECT_LIMIT, dial, runtime};
use super::error::ConnectError;
use super::unwind::caught;
use crate::mysql::url::{Host, MysqlTarget};

/// Runs `settings` and then `query` as text, on a connection of their own, and returns
/// the rows of `query`. `limit` is that of both together.
pub(in crate::mysql) fn load<R>(
    target: &MysqlTarget,
    host: &Host,
    settings: &str,
    query: &str,
    limit: Duration,
) -> Result<Vec<R>, ConnectError>
where
    R: FromRow + Send + 'static,
{
    let tls = target.tls(host).map_err(ConnectError::local)?;
    let runtime = runtime()?;
    let asked = async {
        let mut connection = timeout(CONNECT_LIMIT, dial(target, host, &tls))
            .await
            .unwrap_or(Err(ConnectError::TimedOut))?;
        let answer = async {
            connection.query_drop(settings).await?;
            connection.query(query).await
        };
        let rows = timeout(limit, answer)
            .await
            .map_err(|_| ConnectError::TimedOut)?;
        rows.map_err(|error| ConnectError::statement(to_diesel(&error)))
    };
    let rows = caught(|| runtime.block_on(asked)).unwrap_or(Err(ConnectError::Protocol));
    // Does not wait for its threads: a silent name server holds one.
    runtime.shutdown_background();
    rows
}

fn to_diesel(error: &mysql_async::Error) -> Error {
    let text = match error {
        mysql_async::Error::Server(server) => server.message.clone(),
        other => other.to_string(),
    };
    Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text))
}
