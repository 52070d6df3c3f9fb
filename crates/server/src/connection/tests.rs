use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{advance, sleep, timeout};

use super::*;

const LONG: Duration = Duration::from_secs(60);

fn connection(buffer: usize) -> (Connection<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(buffer);
    (Connection::new(ours), theirs)
}

/// Returns the error that reading ends with, and the time until then.
async fn error_of(connection: &mut Connection<DuplexStream>) -> (ErrorKind, Duration) {
    let begun = Instant::now();
    let mut buffer = [0; 64];
    loop {
        match timeout(LONG, connection.read(&mut buffer)).await.unwrap() {
            Ok(_) => {}
            Err(error) => return (error.kind(), begun.elapsed().truncated()),
        }
    }
}

trait Truncated {
    fn truncated(self) -> Self;
}

impl Truncated for Duration {
    /// Truncates to seconds: timers round up to milliseconds.
    fn truncated(self) -> Self {
        Self::from_secs(self.as_secs())
    }
}

/// Sends a byte at intervals until the connection ends.
fn dribble(mut theirs: DuplexStream, pause: Duration) {
    tokio::spawn(async move {
        while theirs.write_all(b"x").await.is_ok() {
            sleep(pause).await;
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed_after_idle() {
    let (mut connection, _theirs) = connection(64);
    assert_eq!(error_of(&mut connection).await, (ErrorKind::TimedOut, IDLE));
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_head_does_not_depend_on_its_pace() {
    for pause in [1, 40, 400, 4_000] {
        let (mut connection, theirs) = connection(64);
        dribble(theirs, Duration::from_millis(pause));
        assert_eq!(
            error_of(&mut connection).await,
            (ErrorKind::TimedOut, HEAD),
            "{pause}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_head_has_the_same_limit_as_the_first() {
    let (mut connection, mut theirs) = connection(64);
    theirs.write_all(b"x").await.unwrap();
    connection.read_u8().await.unwrap();
    let serving = connection.phase().serve();
    advance(HEAD / 2).await;
    drop(serving);
    dribble(theirs, Duration::from_millis(100));
    assert_eq!(error_of(&mut connection).await, (ErrorKind::TimedOut, HEAD));
}

#[tokio::test(start_paused = true)]
async fn a_pipelined_head_is_limited_after_the_response_before() {
    let (mut connection, mut theirs) = connection(64);
    theirs.write_all(b"xx").await.unwrap();
    let mut both = [0; 2];
    connection.read_exact(&mut both).await.unwrap();
    drop(connection.phase().serve());
    assert_eq!(error_of(&mut connection).await, (ErrorKind::TimedOut, IDLE));
}

#[tokio::test(start_paused = true)]
async fn a_client_may_be_silent_or_slow_while_it_is_served() {
    let (mut connection, theirs) = connection(64);
    let serving = connection.phase().serve();
    dribble(theirs, Duration::from_secs(1));
    let mut buffer = [0; 200];
    let reading = timeout(LONG, connection.read_exact(&mut buffer)).await;
    assert!(reading.is_err(), "{reading:?}");
    // From here on, the bytes are a slow head.
    drop(serving);
    assert_eq!(error_of(&mut connection).await, (ErrorKind::TimedOut, HEAD));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_disconnected() {
    let (mut connection, _theirs) = connection(64);
    let begun = Instant::now();
    let error = connection.write_all(&[0; 65]).await.unwrap_err();
    assert_eq!(
        (error.kind(), begun.elapsed().truncated()),
        (ErrorKind::TimedOut, WINDOW)
    );
}

async fn download(rate: usize, size: usize) -> io::Result<()> {
    let (mut connection, mut theirs) = connection(1024);
    tokio::spawn(async move {
        let mut buffer = vec![0; rate];
        while theirs.read_exact(&mut buffer).await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    drop(connection.phase().serve());
    connection.write_all(&vec![0; size]).await?;
    connection.flush().await
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_the_minimum_gets_everything() {
    // Takes longer than every limit of a connection.
    download(8 * 1024, 1024 * 1024).await.unwrap();
    let error = download(1024, 1024 * 1024).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_long_response_does_not_shorten_the_wait_for_the_next_request() {
    let (mut connection, mut theirs) = connection(64);
    let reader = tokio::spawn(async move {
        sleep(Duration::from_secs(4)).await;
        let mut buffer = [0; 65];
        theirs.read_exact(&mut buffer).await.unwrap();
        theirs
    });
    drop(connection.phase().serve());
    connection.write_all(&[0; 65]).await.unwrap();
    connection.flush().await.unwrap();
    let _theirs = reader.await.unwrap();
    assert_eq!(error_of(&mut connection).await, (ErrorKind::TimedOut, IDLE));
}
