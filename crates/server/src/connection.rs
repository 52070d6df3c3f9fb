//! A connection that does not wait for its client longer than is fair.
//!
//! actix-http times the first request head of a connection and the pause
//! between two requests; nothing in it times the second head, or a client that
//! does not read its answer. Here that is done beneath it, on the bytes alone:
//!
//! | the connection | may take |
//! | --- | --- |
//! | waits for a request | [`IDLE`] |
//! | receives the head of a request, from its first byte | [`HEAD`] |
//! | has a request served, its body included | what the service allows |
//! | waits for the client to read | as long as it reads [`MIN_RATE`] |
//!
//! Who takes longer meets an error of kind `TimedOut`, which ends the
//! connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::{ActixStream, Ready, TcpStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

mod closing;
mod pulse;

pub(crate) use closing::Closing;
pub(crate) use pulse::{ConnectionPhase, ServingGuard};

/// How long a connection is kept for the client's next request.
pub(crate) const IDLE: Duration = Duration::from_secs(15);

/// How long the head of a request may take, from its first byte.
pub(crate) const HEAD: Duration = Duration::from_secs(5);

/// How often a client that does not read as fast as it is written to is looked
/// at.
const WINDOW: Duration = Duration::from_secs(5);

/// How many bytes such a client must take per second: 32 kbit/s.
const MIN_RATE: u64 = 4 * 1024;

/// A stream with these limits.
pub(crate) struct Connection<T> {
    stream: T,
    pulse: ConnectionPhase,
    /// Since the client last did not take what was written.
    stall: Option<WriteStall>,
    alarm: Pin<Box<Sleep>>,
}

/// A span of time in which the client must take some of what waits for it.
struct WriteStall {
    since: Instant,
    taken: u64,
}

impl<T> Connection<T> {
    /// Begins to wait for a request.
    pub(crate) fn new(stream: T) -> Self {
        let now = Instant::now();
        Self {
            stream,
            pulse: ConnectionPhase::new(now),
            stall: None,
            alarm: Box::pin(sleep_until(now + HEAD)),
        }
    }

    /// What it is laid around.
    pub(crate) fn get_ref(&self) -> &T {
        &self.stream
    }

    /// Whether a request is being served, as far as the connection is told.
    pub(crate) fn pulse(&self) -> &ConnectionPhase {
        &self.pulse
    }

    /// Until when the client may keep the connection waiting; nothing while it
    /// is the client that waits.
    fn deadline(&self) -> Option<Instant> {
        match &self.stall {
            Some(stall) => Some(stall.since + WINDOW),
            None => self.pulse.deadline(),
        }
    }

    /// Ready with an error once the client has been too slow; else sees to it
    /// that the task is woken in time.
    fn poll_overdue(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let deadline = self.deadline();
            if deadline.is_some_and(|deadline| deadline < self.alarm.deadline()) {
                self.set_alarm(deadline);
            }
            ready!(self.alarm.as_mut().poll(context));
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                match &mut self.stall {
                    Some(stall) if stall.taken >= MIN_RATE * WINDOW.as_secs() => {
                        *stall = WriteStall {
                            since: now,
                            taken: 0,
                        };
                    }
                    _ => return Poll::Ready(io::ErrorKind::TimedOut.into()),
                }
            }
            // It is set whatever happens, so that nothing need be done about it
            // when a request begins or ends.
            let deadline = self.deadline();
            self.set_alarm(deadline.or(Some(now + HEAD)));
        }
    }

    fn set_alarm(&mut self, at: Option<Instant>) {
        if let Some(at) = at {
            self.alarm.as_mut().reset(at);
        }
    }

    /// The client does not take what is written.
    fn poll_stalled<V>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<V>> {
        self.stall.get_or_insert_with(|| WriteStall {
            since: Instant::now(),
            taken: 0,
        });
        self.poll_overdue(context).map(Err)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Connection<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.poll_overdue(context).map(Err),
            Poll::Ready(Ok(())) if buffer.filled().len() > before && !self.pulse.received() => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            ready => ready,
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Connection<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.poll_stalled(context),
            Poll::Ready(Ok(written)) => {
                if let Some(stall) = &mut self.stall {
                    stall.taken = stall
                        .taken
                        .saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
                }
                Poll::Ready(Ok(written))
            }
            ready => ready,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Pending => self.poll_stalled(context),
            ready => {
                if self.stall.take().is_some() {
                    self.pulse.wait_again();
                }
                ready
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl ActixStream for Connection<TcpStream> {
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(&self.stream, context)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(&self.stream, context)
    }
}

#[cfg(test)]
mod tests;
