use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{advance, sleep, timeout};

use super::*;

const LONG: Duration = Duration::from_secs(60);

fn connection(buffer: usize) -> (Connection<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(buffer);
    (Connection::new(ours), theirs)
}

/// The error that reading ends with, and after how long.
async fn ended(connection: &mut Connection<DuplexStream>) -> (ErrorKind, Duration) {
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
    /// Timers are exact to the millisecond above.
    fn truncated(self) -> Self {
        Self::from_secs(self.as_secs())
    }
}

/// Sends a byte now and again for as long as anybody listens.
fn dribble(mut theirs: DuplexStream, pause: Duration) {
    tokio::spawn(async move {
        while theirs.write_all(b"x").await.is_ok() {
            sleep(pause).await;
        }
    });
}

#[tokio::test(start_paused = true)]
async fn silence_is_borne_for_a_while() {
    let (mut connection, _theirs) = connection(64);
    assert_eq!(ended(&mut connection).await, (ErrorKind::TimedOut, IDLE));
}

#[tokio::test(start_paused = true)]
async fn a_head_has_its_time_however_it_comes() {
    for pause in [1, 40, 400, 4_000] {
        let (mut connection, theirs) = connection(64);
        dribble(theirs, Duration::from_millis(pause));
        assert_eq!(
            ended(&mut connection).await,
            (ErrorKind::TimedOut, HEAD),
            "{pause}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_head_has_no_more_time_than_the_first() {
    let (mut connection, mut theirs) = connection(64);
    theirs.write_all(b"x").await.unwrap();
    connection.read_u8().await.unwrap();
    let busy = connection.pulse().serve();
    advance(HEAD / 2).await;
    drop(busy);
    dribble(theirs, Duration::from_millis(100));
    assert_eq!(ended(&mut connection).await, (ErrorKind::TimedOut, HEAD));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_came_with_the_request_before_is_not_forgotten() {
    let (mut connection, mut theirs) = connection(64);
    theirs.write_all(b"xx").await.unwrap();
    let mut both = [0; 2];
    connection.read_exact(&mut both).await.unwrap();
    drop(connection.pulse().serve());
    assert_eq!(ended(&mut connection).await, (ErrorKind::TimedOut, IDLE));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_served_may_be_silent_or_slow() {
    let (mut connection, theirs) = connection(64);
    let busy = connection.pulse().serve();
    dribble(theirs, Duration::from_secs(1));
    let mut buffer = [0; 200];
    let patient = timeout(LONG, connection.read_exact(&mut buffer)).await;
    assert!(patient.is_err(), "{patient:?}");
    // From here on it is a head that is slow.
    drop(busy);
    assert_eq!(ended(&mut connection).await, (ErrorKind::TimedOut, HEAD));
}

#[tokio::test(start_paused = true)]
async fn whoever_does_not_read_is_left() {
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
    drop(connection.pulse().serve());
    connection.write_all(&vec![0; size]).await?;
    connection.flush().await
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_slowly_but_surely_gets_everything() {
    // Longer than a connection may wait for anything.
    download(8 * 1024, 1024 * 1024).await.unwrap();
    let error = download(1024, 1024 * 1024).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn after_a_long_answer_there_is_time_for_the_next_request() {
    let (mut connection, mut theirs) = connection(64);
    let reader = tokio::spawn(async move {
        sleep(Duration::from_secs(4)).await;
        let mut buffer = [0; 65];
        theirs.read_exact(&mut buffer).await.unwrap();
        theirs
    });
    drop(connection.pulse().serve());
    connection.write_all(&[0; 65]).await.unwrap();
    connection.flush().await.unwrap();
    let _theirs = reader.await.unwrap();
    assert_eq!(ended(&mut connection).await, (ErrorKind::TimedOut, IDLE));
}
