//! SIGTERM and SIGINT, which end the service, and SIGHUP, which does not.

use std::io;

use tokio::signal::unix::{self, SignalKind};

/// A stream of these signals.
pub(crate) struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hangup: unix::Signal,
}

/// A request to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signal {
    pub(crate) name: &'static str,
    /// The exit code of a process that the signal killed, as shells show it.
    pub(crate) exit_code: u8,
}

impl Signals {
    /// Replaces the default action, which ends the process at once.
    ///
    /// # Errors
    ///
    /// The error of the system.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            hangup: unix::signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a request to end. Calls `reload` for each SIGHUP meanwhile.
    pub(crate) async fn next(&mut self, reload: impl Fn()) -> Signal {
        let (name, exit_code) = loop {
            tokio::select! {
                _ = self.terminate.recv() => break ("SIGTERM", 143),
                _ = self.interrupt.recv() => break ("SIGINT", 130),
                _ = self.hangup.recv() => reload(),
            }
        };
        Signal { name, exit_code }
    }
}
