//! Looking after the server: one thread that asks it how it is, so that nobody
//! else has to wait to find out.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::Connection;
use super::connector::{CONNECT_LIMIT, ConnectError, connect};
use super::schema_check;
use super::target::MysqlTarget;
use super::vitals::{Sight, Vitals};
use crate::OpenError;

/// How often a server that works is looked at.
const CALM: Duration = Duration::from_millis(500);

/// The shortest and the longest time between two attempts to reach a server
/// that is away: each service of many knocks at a time of its own.
const TROUBLED: (u64, u64) = (100, 400);

/// Looks at the server until the store is closed.
pub(super) fn run(target: &MysqlTarget, mut held: Option<Connection>, vitals: &Vitals) {
    while !vitals.is_closing() {
        let sight = look(target, &mut held).unwrap_or_else(Failure::sight);
        let pause = match sight {
            Sight::Ready(_) => CALM,
            Sight::Away(_) | Sight::WrongSchema(_) => {
                Duration::from_millis(fastrand::u64(TROUBLED.0..=TROUBLED.1))
            }
        };
        vitals.saw(sight);
        thread::park_timeout(pause);
    }
}

/// Why the probe sees no server that works.
pub(super) enum Failure {
    Connect(ConnectError),
    Open(OpenError),
    /// The connection was closed while it was asked.
    Broken(OpenError),
}

impl Failure {
    pub(super) fn sight(self) -> Sight {
        match self {
            Self::Connect(error) => Sight::Away(Arc::new(error)),
            Self::Open(
                error @ (OpenError::SchemaTooOld { .. } | OpenError::SchemaTooNew { .. }),
            ) => Sight::WrongSchema(Arc::new(error)),
            Self::Open(error) | Self::Broken(error) => Sight::Away(Arc::new(error)),
        }
    }
}

/// One look, over the connection of the last one. It reads a table: a Galera
/// node without its cluster would answer `SELECT 1`.
pub(super) fn look(target: &MysqlTarget, held: &mut Option<Connection>) -> Result<Sight, Failure> {
    match ask(target, held) {
        // Which says little about the server: ask on a new one.
        Err(Failure::Broken(_)) => ask(target, held),
        other => other,
    }
}

fn ask(target: &MysqlTarget, held: &mut Option<Connection>) -> Result<Sight, Failure> {
    let mut connection = match held.take() {
        Some(connection) => connection,
        None => connect(target).map_err(Failure::Connect)?,
    };
    let deadline = Instant::now() + CONNECT_LIMIT;
    connection.set_deadline(deadline);
    match schema_check::require_current(&mut connection) {
        Ok(release) => {
            *held = Some(connection);
            Ok(Sight::Ready(release))
        }
        Err(error) if connection.is_lost() && Instant::now() < deadline => {
            Err(Failure::Broken(error))
        }
        Err(error) => Err(Failure::Open(error)),
    }
}
