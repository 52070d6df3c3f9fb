//! A connection that disconnects slow clients.
//!
//! actix-http times the first request head of a connection and the pause between two
//! requests. It times neither the second head nor a client that does not read its
//! response. This stream does, below actix-http, and knows only bytes:
//!
//! | the connection | may take |
//! | --- | --- |
//! | waits for a request | [`IDLE`] |
//! | receives the head of a request, from its first byte | [`HEAD`] |
//! | has a request served, including its body | what the service allows |
//! | waits for the client to read | as long as it reads [`MIN_READ`] in each [`WINDOW`] |
//!
//! A slower client meets an error of kind `TimedOut`, which ends the connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::{ActixStream, Ready, TcpStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

mod http_stream;
mod phase;

pub(crate) use http_stream::HttpStream;
pub(crate) use phase::ConnectionPhase;

/// How long a connection is kept for the client's next request.
pub(crate) const IDLE: Duration = Duration::from_secs(15);

/// How long the head of a request may take, from its first byte.
pub(crate) const HEAD: Duration = Duration::from_secs(5);

/// How often the progress of a slow reader is checked.
const WINDOW: Duration = Duration::from_secs(5);

/// The bytes that a slow reader must read in each window: 32 kbit/s.
const MIN_READ: usize = 5 * 4 * 1024;

/// A stream with these limits.
pub(crate) struct Connection<T> {
    stream: T,
    phase: ConnectionPhase,
    /// Set while the client reads more slowly than the service writes.
    stall: Option<WriteStall>,
    alarm: Pin<Box<Sleep>>,
}

/// A window in which the client must read [`MIN_READ`].
struct WriteStall {
    end: Instant,
    read: usize,
}

impl WriteStall {
    fn begin() -> Self {
        Self {
            end: Instant::now() + WINDOW,
            read: 0,
        }
    }
}

impl<T> Connection<T> {
    /// Wraps a stream; its wait for a request begins.
    pub(crate) fn new(stream: T) -> Self {
        Self {
            stream,
            phase: ConnectionPhase::new(),
            stall: None,
            alarm: Box::pin(sleep_until(Instant::now() + HEAD)),
        }
    }

    pub(crate) fn get_ref(&self) -> &T {
        &self.stream
    }

    pub(crate) fn phase(&self) -> &ConnectionPhase {
        &self.phase
    }

    /// Returns until when the connection waits for the client, if it does.
    fn deadline(&self) -> Option<Instant> {
        match &self.stall {
            Some(stall) => Some(stall.end),
            None => self.phase.deadline(),
        }
    }

    /// Becomes ready with an error when the client has been too slow.
    fn poll_overdue(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let deadline = self.deadline();
            if let Some(deadline) = deadline.filter(|at| *at < self.alarm.deadline()) {
                self.alarm.as_mut().reset(deadline);
            }
            ready!(self.alarm.as_mut().poll(context));
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                match &mut self.stall {
                    Some(stall) if stall.read >= MIN_READ => *stall = WriteStall::begin(),
                    _ => return Poll::Ready(io::ErrorKind::TimedOut.into()),
                }
            }
            // Always set, so that the begin and the end of a request need not set it.
            let next = self.deadline().unwrap_or(now + HEAD);
            self.alarm.as_mut().reset(next);
        }
    }

    /// Waits for a client that does not read.
    fn poll_stalled<V>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<V>> {
        self.stall.get_or_insert_with(WriteStall::begin);
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
            Poll::Ready(Ok(())) if buffer.filled().len() > before && !self.phase.received() => {
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
            ready => {
                if let (Some(stall), Poll::Ready(Ok(written))) = (&mut self.stall, &ready) {
                    stall.read = stall.read.saturating_add(*written);
                }
                ready
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Pending => self.poll_stalled(context),
            ready => {
                if self.stall.take().is_some() {
                    self.phase.wait_again();
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
