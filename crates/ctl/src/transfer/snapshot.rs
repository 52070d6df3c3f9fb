//! Reading the rows of a database as they are at one moment, on a thread of their own.

use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use byline_application::{AppError, RepositoryError, Resource, Session};
use byline_domain::Stored;

use super::entity::{Columns, Rows, for_each_entity, size};
use super::store::BlockingStore;
use crate::failure::Failure;

/// Rows that are read at a time: few enough that as many of the longest posts
/// fit into memory a few times over.
const PAGE: u32 = 64;

/// Rows of the entity with this index, behind those that came before.
pub(crate) type Batch = (usize, Box<dyn Rows>);

enum Message {
    /// Comes first.
    LastIds(Vec<i64>),
    Batch(Batch),
}

/// When rows are handed out.
#[derive(Clone, Copy)]
pub(crate) struct BatchSize {
    /// As soon as there are so many of them,
    pub(crate) rows: usize,
    /// or they take so many bytes.
    pub(crate) bytes: usize,
}

/// Hands the rows of the entities to `consume`, one entity after the other: those behind the id
/// that `after` has for it, or none. The greatest ids that were ever given come with them.
///
/// # Errors
///
/// What `consume` fails with, or [`Failure::Refused`].
pub(crate) fn read_rows<R>(
    store: &BlockingStore,
    after: Vec<Option<i64>>,
    batch: BatchSize,
    consume: impl FnOnce(Vec<i64>, &mut dyn Iterator<Item = Batch>) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let read = move |session: &mut dyn Session, sender: &SyncSender<Message>| {
        if sender.send(Message::LastIds(last_ids(session)?)).is_err() {
            return Ok(());
        }
        let read: &[ReadEntity] = &for_each_entity!(E => read_entity::<E>);
        for (entity, (read, after)) in read.iter().zip(&after).enumerate() {
            if let Some(after) = after {
                read(session, *after, batch, &|rows| {
                    sender.send(Message::Batch((entity, rows))).is_ok()
                })?;
            }
        }
        Ok(())
    };
    // Each message is memory.
    read_snapshot(store, 2, read, |messages| {
        let last_ids = match messages.recv() {
            Ok(Message::LastIds(ids)) => ids,
            // Reading has failed.
            _ => Vec::new(),
        };
        let mut batches = messages.into_iter().filter_map(|message| match message {
            Message::Batch(batch) => Some(batch),
            Message::LastIds(_) => None,
        });
        consume(last_ids, &mut batches)
    })
}

/// Runs `read` in a session that sees one moment, on a thread of its own, and `consume` on this
/// one. Once nothing is received any more, `read` should return; `consume` tells why.
///
/// # Errors
///
/// What `consume` fails with, or [`Failure::Refused`].
pub(crate) fn read_snapshot<T: Send + 'static, R>(
    store: &BlockingStore,
    capacity: usize,
    read: impl Fn(&mut dyn Session, &SyncSender<T>) -> Result<(), AppError> + Send + 'static,
    consume: impl FnOnce(Receiver<T>) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let (sender, receiver) = mpsc::sync_channel(capacity);
    // Taken by the first attempt: another one would see another moment.
    let sender = Mutex::new(Some(sender));
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            store.read_once(move |session| {
                let sender = sender.lock().ok().and_then(|mut sender| sender.take());
                let sender = sender.ok_or_else(|| AppError::internal(Interrupted))?;
                read(session, &sender)
            })
        });
        let consumed = consume(receiver);
        let panicked = |_| Err(AppError::internal("the thread that reads has panicked"));
        let read = reader.join().unwrap_or_else(panicked);
        let consumed = consumed?;
        read?;
        Ok(consumed)
    })
}

#[derive(Debug, thiserror::Error)]
#[error("the connection to the database broke; run the command again")]
struct Interrupted;

/// Reads the rows behind an id, a page at a time, until `take` returns `false`.
///
/// # Errors
///
/// Those of the repository.
pub(crate) fn read_pages<E: Resource>(
    session: &mut dyn Session,
    mut after: i64,
    mut take: impl FnMut(Vec<Stored<E>>) -> bool,
) -> Result<(), AppError> {
    loop {
        let page = E::repository(session).rows_after(after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.id.get();
        if !take(page) {
            return Ok(());
        }
    }
}

type ReadEntity =
    fn(&mut dyn Session, i64, BatchSize, &dyn Fn(Box<dyn Rows>) -> bool) -> Result<(), AppError>;

fn read_entity<E: Columns>(
    session: &mut dyn Session,
    after: i64,
    batch: BatchSize,
    send: &dyn Fn(Box<dyn Rows>) -> bool,
) -> Result<(), AppError> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    read_pages::<E>(session, after, |page| {
        bytes += page.iter().map(|row| size(&row.fields)).sum::<usize>();
        rows.extend(page);
        if rows.len() < batch.rows && bytes < batch.bytes {
            return true;
        }
        bytes = 0;
        send(Box::new(std::mem::take(&mut rows)))
    })?;
    if !rows.is_empty() {
        send(Box::new(rows));
    }
    Ok(())
}

/// Returns the greatest ids that were ever given, in the order of the entities.
///
/// # Errors
///
/// Those of the repositories.
pub(crate) fn last_ids(session: &mut dyn Session) -> Result<Vec<i64>, RepositoryError> {
    let ids = for_each_entity!(E => E::repository(session).last_id());
    ids.into_iter().collect()
}

/// Gives no id up to these from now on.
///
/// # Errors
///
/// Those of the repositories.
pub(crate) fn advance_id_sequences(
    session: &mut dyn Session,
    last: &[i64],
) -> Result<(), RepositoryError> {
    type Advance = fn(&mut dyn Session, i64) -> Result<(), RepositoryError>;
    let advance: &[Advance] =
        &for_each_entity!(E => |session, last| E::repository(session).advance_id_sequence(last));
    for (advance, last) in advance.iter().zip(last) {
        advance(session, *last)?;
    }
    Ok(())
}
