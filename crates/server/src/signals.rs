//! The signals that end the service, and the one that does not.

use std::{fmt, io};

use tokio::signal::unix::{self, SignalKind};

/// SIGTERM, SIGINT and SIGHUP, from the moment of [`Signals::listen`].
pub(crate) struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hangup: unix::Signal,
}

/// A request to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// From a supervisor.
    Terminate,
    /// From the keyboard.
    Interrupt,
}

impl Signals {
    /// Takes over from the default action, which kills at once.
    ///
    /// # Errors
    ///
    /// The system's.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: unix::signal(SignalKind::terminate())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            hangup: unix::signal(SignalKind::hangup())?,
        })
    }

    /// Returns the next request to end. SIGHUP is none: `reload` is called.
    pub(crate) async fn next(&mut self, reload: impl Fn()) -> Signal {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Signal::Terminate,
                _ = self.interrupt.recv() => return Signal::Interrupt,
                _ = self.hangup.recv() => reload(),
            }
        }
    }
}

impl Signal {
    /// The exit code of a process that the signal killed, as shells show it.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}
