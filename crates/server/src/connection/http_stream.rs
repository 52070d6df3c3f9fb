//! Adds headers to the refusals that actix-http writes by itself.
//!
//! actix-http 3.20 answers requests that it cannot parse with an empty 400, too large
//! heads with an empty 431 and missing ones with an empty 408, and closes the
//! connection. It has no hook for these responses. On a connection that has served a
//! request before, they lack `connection: close` (`h1::Codec` keeps the last request's
//! connection type): a proxy uses the connection again, and the next client's request
//! on it fails with 502. They also lack the headers that let a page of another origin
//! see their status.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::web::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ConnectionPhase;

/// How refusals begin. No other response does, and no part of a body: JSON escapes
/// line breaks, and pages have none with `\r`.
const REFUSALS: [&[u8]; 3] = [
    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n",
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n",
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n",
];
const CLOSE: &[u8] = b"connection: close\r\n";

/// The stream that actix-http reads and writes.
pub(crate) struct HttpStream<T> {
    stream: T,
    phase: ConnectionPhase,
    headers: Bytes,
    /// A refusal with its further headers, and the length of the original.
    refusal: Option<(Bytes, usize)>,
}

impl<T> HttpStream<T> {
    /// `headers` are the lines that refusals get, `phase` is that of the connection
    /// which `stream` uses.
    pub(crate) fn new(stream: T, phase: ConnectionPhase, headers: Bytes) -> Self {
        Self {
            stream,
            phase,
            headers,
            refusal: None,
        }
    }

    pub(crate) fn phase(&self) -> &ConnectionPhase {
        &self.phase
    }
}

/// Returns the refusal that `bytes` are, with further headers.
fn amended(bytes: &[u8], headers: &[u8]) -> Option<Bytes> {
    let (begin, rest) = REFUSALS
        .iter()
        .find_map(|begin| Some((*begin, bytes.strip_prefix(*begin)?)))?;
    let has_close = rest.windows(CLOSE.len()).any(|line| line == CLOSE);
    let close = if has_close { &[] } else { CLOSE };
    Some([begin, close, headers, rest].concat().into())
}

impl<T: AsyncRead + Unpin> AsyncRead for HttpStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for HttpStream<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut stream = Pin::new(&mut this.stream);
        if this.refusal.is_none() {
            this.refusal = amended(bytes, &this.headers).map(|refusal| (refusal, bytes.len()));
        }
        let Some((refusal, length)) = &mut this.refusal else {
            return stream.poll_write(context, bytes);
        };
        while refusal.has_remaining() {
            let written = ready!(stream.as_mut().poll_write(context, refusal))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            refusal.advance(written);
        }
        let length = *length;
        this.refusal = None;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    /// Writes `bytes`, `buffer` at a time; returns what the other side reads.
    async fn read(bytes: &[u8], headers: &'static [u8], buffer: usize) -> String {
        let (ours, mut theirs) = duplex(buffer);
        let writing = async move {
            let phase = ConnectionPhase::new();
            let mut stream = HttpStream::new(ours, phase, Bytes::from_static(headers));
            stream.write_all(bytes).await.unwrap();
            stream.shutdown().await.unwrap();
        };
        let mut text = String::new();
        let (read, ()) = tokio::join!(theirs.read_to_string(&mut text), writing);
        read.unwrap();
        text
    }

    #[tokio::test]
    async fn refusals_get_connection_close_and_further_headers() {
        for status in [
            "400 Bad Request",
            "408 Request Timeout",
            "431 Request Header Fields Too Large",
        ] {
            let begin = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n");
            let original = format!("{begin}date: x\r\n\r\n");
            let closed = format!("{begin}connection: close\r\ndate: x\r\n\r\n");
            let after_close = closed.replace("close\r\n", "close\r\nx-y: z\r\n");
            let before_close = format!("{begin}x-y: z\r\nconnection: close\r\ndate: x\r\n\r\n");
            for buffer in [1, 7, 1024] {
                assert_eq!(read(original.as_bytes(), b"", buffer).await, closed);
                assert_eq!(read(closed.as_bytes(), b"", buffer).await, closed);
                assert_eq!(
                    read(original.as_bytes(), b"x-y: z\r\n", buffer).await,
                    after_close
                );
                assert_eq!(
                    read(closed.as_bytes(), b"x-y: z\r\n", buffer).await,
                    before_close
                );
            }
        }
    }

    #[tokio::test]
    async fn other_responses_are_unchanged() {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 02\r\n\r\n{}",
            "",
        ] {
            assert_eq!(read(answer.as_bytes(), b"x-y: z\r\n", 5).await, answer);
        }
    }
}
