//! Reads the rows of one snapshot of a database, on a thread of its own.

use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use byline_application::{AppError, RepositoryError, Resource, Session};
use byline_domain::Stored;

use super::entity::{Columns, Rows, TABLES, for_each_entity, size};
use super::progress::Progress;
use super::store::BlockingStore;
use crate::failure::Failure;

/// Rows that are read at a time: few enough that as many of the longest posts
/// fit into memory a few times over.
const PAGE: u32 = 64;

enum Message {
    /// The greatest ids that were ever given. They come first.
    LastIds(Vec<i64>),
    /// Rows of the entity with this index.
    Rows(usize, Box<dyn Rows>),
}

/// When rows are handed out.
#[derive(Clone, Copy)]
pub(crate) struct BatchSize {
    /// As soon as there are so many of them,
    pub(crate) rows: usize,
    /// or they take so many bytes.
    pub(crate) bytes: usize,
}

/// Hands the rows of the entities to `take`, one entity after the other, and shows the progress:
/// those behind the id that `after` has for the entity with this index, or none. Ahead of them,
/// `begin` gets the greatest ids that were ever given, which are returned.
pub(crate) fn read_rows(
    store: &BlockingStore,
    after: Vec<Option<i64>>,
    batch: BatchSize,
    quiet: bool,
    begin: impl Fn(&[i64]) -> Result<(), Failure>,
    mut take: impl FnMut(usize, Box<dyn Rows>) -> Result<(), Failure>,
) -> Result<Vec<i64>, Failure> {
    let starts = after.clone();
    let read = move |session: &mut dyn Session, sender: &SyncSender<Message>| {
        if sender.send(Message::LastIds(last_ids(session)?)).is_err() {
            return Ok(());
        }
        let read: &[ReadEntity] = &for_each_entity!(E => read_entity::<E>);
        for (entity, (read, after)) in read.iter().zip(&after).enumerate() {
            if let Some(after) = after {
                read(session, *after, batch, &|rows| {
                    sender.send(Message::Rows(entity, rows)).is_ok()
                })?;
            }
        }
        Ok(())
    };
    // Each message is memory.
    read_snapshot(store, 2, read, |messages| {
        let mut last_ids = Vec::new();
        let mut current: Option<(usize, Progress)> = None;
        for message in messages {
            let (entity, rows) = match message {
                Message::LastIds(ids) => {
                    begin(&ids)?;
                    last_ids = ids;
                    continue;
                }
                Message::Rows(entity, rows) => (entity, rows),
            };
            // The progress of the entity before ends.
            drop(current.take_if(|(of, _)| *of != entity));
            let (_, progress) = current.get_or_insert_with(|| {
                let what = TABLES.get(entity).map_or("rows", |table| table.plural);
                let id = |ids: Option<i64>| ids.and_then(|id| u64::try_from(id).ok());
                let start = id(starts.get(entity).copied().flatten()).unwrap_or_default();
                let last = id(last_ids.get(entity).copied());
                (entity, Progress::new(what, start, last, quiet))
            });
            let (position, count) = (rows.last_id(), rows.count());
            take(entity, rows)?;
            progress.advance(u64::try_from(position).unwrap_or_default(), count);
        }
        Ok(last_ids)
    })
}

/// Runs `read` in a session that sees one snapshot, on a thread of its own, and `consume` on this
/// one. Once nothing is received any more, `read` should return; `consume` tells why.
pub(crate) fn read_snapshot<T: Send + 'static, R>(
    store: &BlockingStore,
    capacity: usize,
    read: impl Fn(&mut dyn Session, &SyncSender<T>) -> Result<(), AppError> + Send + 'static,
    consume: impl FnOnce(Receiver<T>) -> Result<R, Failure>,
) -> Result<R, Failure> {
    let (sender, receiver) = mpsc::sync_channel(capacity);
    // Taken by the first attempt: a second one would see another snapshot.
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
pub(crate) fn last_ids(session: &mut dyn Session) -> Result<Vec<i64>, RepositoryError> {
    let ids = for_each_entity!(E => E::repository(session).last_id());
    ids.into_iter().collect()
}

/// Gives no id up to these from now on.
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
