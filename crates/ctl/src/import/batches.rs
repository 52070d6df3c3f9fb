//! Rows in batches, read and checked on a thread of their own while the batch
//! before is stored.

use std::io;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, Scope};

use crate::transfer::{Entity, Item, Read, Source};

/// The most rows in a batch: enough to hide the cost of a commit, few enough
/// that others who write do not wait long for it.
const MOST_ROWS: usize = 5_000;

/// The most bytes in a batch that has more than one row.
const MOST_BYTES: usize = 4 << 20;

/// Rows, and lines that are none, in their order.
pub(super) type Batch<E> = Vec<Read<<E as Entity>::Record>>;

/// Reads `source` in batches, the next two ahead.
pub(super) fn read<'scope, E: Entity>(
    scope: &'scope Scope<'scope, '_>,
    mut source: Source<E>,
) -> io::Result<Receiver<io::Result<Batch<E>>>> {
    let (sender, batches) = mpsc::sync_channel(2);
    let work = move || {
        loop {
            let (batch, is_last) = match next(&mut source) {
                Ok((batch, is_last)) => (Ok(batch), is_last),
                Err(error) => (Err(error), true),
            };
            // Whoever stores them may have given up.
            if sender.send(batch).is_err() || is_last {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("reader".to_owned())
        .spawn_scoped(scope, work)?;
    Ok(batches)
}

/// The next batch, and whether it is the last.
fn next<E: Entity>(source: &mut Source<E>) -> io::Result<(Batch<E>, bool)> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while batch.len() < MOST_ROWS && bytes < MOST_BYTES {
        let Some(read) = source.next()? else {
            return Ok((batch, true));
        };
        bytes += match &read.item {
            Item::Row(row) => E::size(row),
            Item::Bad(text) => text.len(),
        };
        batch.push(read);
    }
    Ok((batch, false))
}
