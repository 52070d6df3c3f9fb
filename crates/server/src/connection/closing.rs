//! Adds headers to the answers that actix-http gives by itself.
//!
//! actix-http 3.20 answers what it cannot parse with an empty 400, a head that is
//! too large with an empty 431 and one that does not come with an empty 408, and
//! closes the connection. On a connection that has served a request before, these
//! answers have no `connection: close` (`h1::Codec` keeps the last request's
//! connection type): a proxy takes the connection for one that may be used again,
//! and the next client's request on it fails with 502. Nor have they the headers
//! that let a page of another origin see their status.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::web::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How the answers to what is no HTTP begin. No other answer does, nor can a part
/// of a body: JSON escapes line breaks, and pages have none with `\r`.
const REFUSALS: [&[u8]; 3] = [
    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n",
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n",
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n",
];
const CLOSE: &[u8] = b"connection: close\r\n";

/// A stream that HTTP is spoken on.
pub(crate) struct Closing<T> {
    stream: T,
    further: Bytes,
    amended: Option<Amended>,
}

/// What is written in place of something else.
struct Amended {
    left: Bytes,
    /// How many bytes it stands for.
    length: usize,
}

impl<T> Closing<T> {
    /// `further` are the lines of all further headers that these answers get.
    pub(crate) fn new(stream: T, further: Bytes) -> Self {
        Self {
            stream,
            further,
            amended: None,
        }
    }

    /// What it is laid around.
    pub(crate) fn get_ref(&self) -> &T {
        &self.stream
    }
}

impl Amended {
    fn of(bytes: &[u8], further: &[u8]) -> Option<Self> {
        let (refusal, rest) = REFUSALS
            .iter()
            .find_map(|refusal| Some((*refusal, bytes.strip_prefix(*refusal)?)))?;
        let is_said = rest.windows(CLOSE.len()).any(|line| line == CLOSE);
        let close = if is_said { &[] } else { CLOSE };
        Some(Self {
            left: [refusal, close, further, rest].concat().into(),
            length: bytes.len(),
        })
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Closing<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Closing<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.amended.is_none() {
            this.amended = Amended::of(bytes, &this.further);
        }
        let Some(amended) = &mut this.amended else {
            return Pin::new(&mut this.stream).poll_write(context, bytes);
        };
        while !amended.left.is_empty() {
            let written = ready!(Pin::new(&mut this.stream).poll_write(context, &amended.left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            drop(amended.left.split_to(written));
        }
        let length = amended.length;
        this.amended = None;
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

    /// What the other side reads when `bytes` are written, `buffer` at a time.
    async fn read(bytes: &[u8], further: &'static [u8], buffer: usize) -> String {
        let (ours, mut theirs) = duplex(buffer);
        let bytes = bytes.to_vec();
        let writing = tokio::spawn(async move {
            let mut stream = Closing::new(ours, Bytes::from_static(further));
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
        });
        let mut text = String::new();
        theirs.read_to_string(&mut text).await.unwrap();
        writing.await.unwrap();
        text
    }

    #[tokio::test]
    async fn a_refusal_says_that_the_connection_ends() {
        for status in [
            "400 Bad Request",
            "408 Request Timeout",
            "431 Request Header Fields Too Large",
        ] {
            let begin = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n");
            let refusal = format!("{begin}date: x\r\n\r\n");
            let said = format!("{begin}connection: close\r\ndate: x\r\n\r\n");
            let more = said.replace("close\r\n", "close\r\nx-y: z\r\n");
            let further = format!("{begin}x-y: z\r\nconnection: close\r\ndate: x\r\n\r\n");
            for buffer in [1, 7, 1024] {
                assert_eq!(read(refusal.as_bytes(), b"", buffer).await, said);
                assert_eq!(read(said.as_bytes(), b"", buffer).await, said);
                assert_eq!(read(refusal.as_bytes(), b"x-y: z\r\n", buffer).await, more);
                assert_eq!(read(said.as_bytes(), b"x-y: z\r\n", buffer).await, further);
            }
        }
    }

    #[tokio::test]
    async fn everything_else_is_left_alone() {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 02\r\n\r\n{}",
            "",
        ] {
            assert_eq!(read(answer.as_bytes(), b"x-y: z\r\n", 5).await, answer);
        }
    }
}
