//! Kills statements on the server that the service no longer waits for.
//!
//! MySQL has a time limit for reads only, and neither engine notices during a statement
//! that its client has gone: behind a lock or in a slow trigger, a write would be
//! committed long after its request was answered with 503. An account may kill its own
//! statements; the connection of the probe does so.

use std::mem;
use std::sync::Mutex;
use std::thread::Thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use crate::mysql::Connection;

/// How long a request is kept while the server cannot be reached. Short, because a
/// server that was restarted counts connections from 1 again.
const RETENTION: Duration = Duration::from_secs(10);

/// The most requests that are kept.
const MOST: usize = 1_000;

/// Collects the requests of all threads that work with a server.
#[derive(Default)]
pub(in crate::mysql) struct Killer {
    requests: Mutex<Vec<KillRequest>>,
    /// The thread that carries the requests out.
    probe: Mutex<Option<Thread>>,
}

struct KillRequest {
    /// The server that has the connection: behind a proxy, the probe may be connected to
    /// another one.
    server: String,
    /// `KILL QUERY` or `KILL CONNECTION`.
    command: String,
    expires: Instant,
}

impl Killer {
    pub(in crate::mysql) fn set_probe(&self, probe: Thread) {
        if let Ok(mut current) = self.probe.lock() {
            *current = Some(probe);
        }
    }

    /// Has the server probed at once.
    pub(in crate::mysql) fn wake_probe(&self) {
        if let Ok(probe) = self.probe.lock()
            && let Some(probe) = &*probe
        {
            probe.unpark();
        }
    }

    /// Has the probe execute `command` on this server.
    pub(in crate::mysql) fn request(&self, server: &str, command: String) {
        if let Ok(mut requests) = self.requests.lock() {
            let now = Instant::now();
            requests.retain(|request| request.expires > now);
            if requests.len() < MOST {
                requests.push(KillRequest {
                    server: server.to_owned(),
                    command,
                    expires: now + RETENTION,
                });
            }
        }
        self.wake_probe();
    }

    /// Carries the requests out, over a connection to the same server. Ignores errors:
    /// the statement may have ended meanwhile.
    pub(in crate::mysql) fn carry_out(&self, connection: &mut Connection) {
        // Not locked while the server is asked: other threads must not wait for it.
        let requests = self
            .requests
            .lock()
            .map(|mut requests| mem::take(&mut *requests));
        let now = Instant::now();
        for request in requests.unwrap_or_default() {
            if request.expires <= now || request.server != connection.server {
                continue;
            }
            if let Err(error) = connection.batch_execute(&request.command) {
                let error = error.to_string();
                tracing::debug!(error, "a statement was not killed on the server");
            }
        }
    }
}
