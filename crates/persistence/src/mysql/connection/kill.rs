//! Ending statements on the server that are not waited for any more.
//!
//! MySQL has a time limit for reads only, and neither engine notices that a
//! client has gone while it works for it: behind a lock or in a slow trigger a
//! write would be committed long after its request was answered 503. An account
//! may end its own statements, and the connection of the probe does so.

use std::sync::Mutex;
use std::thread::Thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use crate::mysql::Connection;

/// How long an order is kept while the server cannot be reached. Short, because
/// a server that was restarted counts connections from 1 again.
const KEPT: Duration = Duration::from_secs(10);

/// The most orders that are kept.
const MOST: usize = 1_000;

/// Takes orders from every thread that works with a server.
#[derive(Default)]
pub(in crate::mysql) struct Killer {
    orders: Mutex<Vec<Order>>,
    /// Carries them out.
    probe: Mutex<Option<Thread>>,
}

/// A statement to end.
struct Order {
    /// The number of the connection, as its server counts.
    connection: u32,
    /// Which server counted: behind a proxy, the probe may be on another one.
    server: String,
    extent: Extent,
    until: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mysql) enum Extent {
    /// The statement, whose answer is still waited for.
    Statement,
    /// The connection, too.
    Connection,
}

impl Killer {
    pub(in crate::mysql) fn set_probe(&self, probe: Thread) {
        if let Ok(mut current) = self.probe.lock() {
            *current = Some(probe);
        }
    }

    /// Has the probe look at the server at once.
    pub(in crate::mysql) fn wake_probe(&self) {
        if let Ok(probe) = self.probe.lock()
            && let Some(probe) = &*probe
        {
            probe.unpark();
        }
    }

    /// Has what this connection of the server does ended.
    pub(in crate::mysql) fn order(&self, connection: u32, server: &str, extent: Extent) {
        if let Ok(mut orders) = self.orders.lock() {
            let now = Instant::now();
            orders.retain(|order| order.until > now);
            if orders.len() < MOST {
                orders.push(Order {
                    connection,
                    server: server.to_owned(),
                    extent,
                    until: now + KEPT,
                });
            }
        }
        self.wake_probe();
    }

    /// Carries out what was ordered, over a connection to the same server.
    /// Statements that have ended meanwhile are no errors.
    pub(in crate::mysql) fn carry_out(&self, connection: &mut Connection) {
        let Ok(mut orders) = self.orders.lock() else {
            return;
        };
        let orders = std::mem::take(&mut *orders);
        let now = Instant::now();
        for order in orders {
            if order.until <= now || order.server != connection.server() {
                continue;
            }
            let what = match order.extent {
                Extent::Statement => "QUERY",
                Extent::Connection => "CONNECTION",
            };
            let kill = format!("KILL {what} {}", order.connection);
            if let Err(error) = connection.batch_execute(&kill) {
                let error = error.to_string();
                tracing::debug!(error, "a statement was not ended on the server");
            }
        }
    }
}
