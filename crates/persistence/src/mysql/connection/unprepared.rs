//! Statements that servers run and do not prepare: diesel prepares whatever gives
//! rows.

use std::sync::Arc;
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error};
use mysql_async::prelude::{FromRow, Queryable};
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::unwind::caught;
use crate::mysql::connection::connect::{CONNECT_LIMIT, dial};
use crate::mysql::connection::error::ConnectError;
use crate::mysql::url::{Host, MysqlTarget};

/// Runs `settings` and then `query` on a connection of their own, as text, and
/// returns the rows of `query`.
///
/// # Errors
///
/// [`ConnectError::TimedOut`] if that takes longer than `limit`; what the server
/// said.
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
    let tls = target
        .tls(host)
        .map_err(|error| ConnectError::Local(Arc::new(error)))?;
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| ConnectError::Local(Arc::new(error)))?;
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
        rows.map_err(|error| ConnectError::statement(as_diesel_has_it(&error)))
    };
    let rows = caught(|| runtime.block_on(asked)).unwrap_or(Err(ConnectError::Protocol));
    // Not waited for: a name server that is silent holds a thread of it.
    runtime.shutdown_background();
    rows
}

fn as_diesel_has_it(error: &mysql_async::Error) -> Error {
    let text = match error {
        mysql_async::Error::Server(server) => server.message.clone(),
        other => other.to_string(),
    };
    Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text))
}
