//! Rows in batches, read and checked on a thread of their own while the batch
//! before is stored.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, Scope};
use std::time::Duration;

use byline_application::ImportedRow;

use crate::transfer::{Columns, Read, Source, size};

/// The size of a batch in rows: as many as are stored within [`TRANSACTION`], and enough
/// that the cost of a commit does not matter.
pub(super) struct Size(AtomicUsize);

/// How long a transaction should take: other writers wait for it.
const TRANSACTION: Duration = Duration::from_secs(1);

/// The least rows, however long they take. A transaction writes each page of an index
/// that it touches once: the fewer rows it has, the more each of them costs, so fewer
/// and fewer would fit into the time.
const LEAST_ROWS: usize = 5_000;
const FIRST_ROWS: usize = LEAST_ROWS;
const MOST_ROWS: usize = 20_000;

impl Size {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(FIRST_ROWS))
    }

    /// Adapts the size to the time that a batch of so many rows took.
    pub(super) fn learn(&self, rows: usize, took: Duration) {
        let fits = TRANSACTION.as_micros() * u128::try_from(rows).unwrap_or_default()
            / took.as_micros().max(1);
        let fits = usize::try_from(fits).unwrap_or(MOST_ROWS);
        // Half the way, for one batch is not like the other.
        let size = usize::midpoint(self.rows(), fits);
        self.0
            .store(size.clamp(LEAST_ROWS, MOST_ROWS), Ordering::Relaxed);
    }

    fn rows(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The most bytes in a batch that has more than one row.
const MOST_BYTES: usize = 2 << 20;

/// Rows and bad lines, in their order.
pub(super) type Batch<E> = Vec<Read<ImportedRow<E>>>;

/// Reads `source` in batches, only one of them ahead: each that waits takes memory.
pub(super) fn read<'scope, E: Columns>(
    scope: &'scope Scope<'scope, '_>,
    mut source: Source<E>,
    batch_size: Arc<Size>,
) -> io::Result<Receiver<io::Result<Batch<E>>>> {
    let (sender, batches) = mpsc::sync_channel(1);
    let work = move || {
        loop {
            let mut batch = Vec::new();
            let has_more = fill(&mut batch, &mut source, batch_size.rows());
            // Rows before an error are stored. The receiver may have given up.
            if sender.send(Ok(batch)).is_err() {
                return;
            }
            match has_more {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return drop(sender.send(Err(error))),
            }
        }
    };
    thread::Builder::new()
        .name("reader".to_owned())
        .spawn_scoped(scope, work)?;
    Ok(batches)
}

/// Adds rows up to the size of a batch. Returns whether the source may have more.
fn fill<E: Columns>(batch: &mut Batch<E>, source: &mut Source<E>, most: usize) -> io::Result<bool> {
    let mut bytes = 0;
    while batch.len() < most && bytes < MOST_BYTES {
        let Some(read) = source.next()? else {
            return Ok(false);
        };
        bytes += match &read.item {
            Ok(row) => size(&row.fields),
            Err(text) => text.len(),
        };
        batch.push(read);
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_take_about_as_long_as_they_should() {
        let size = Size::new();
        for _ in 0..20 {
            size.learn(size.rows(), TRANSACTION * 2);
        }
        assert!(size.rows() <= LEAST_ROWS * 2);
        for _ in 0..20 {
            size.learn(size.rows(), TRANSACTION / 4);
        }
        assert_eq!(size.rows(), MOST_ROWS);
        size.learn(0, Duration::ZERO);
        assert_eq!(size.rows(), MOST_ROWS / 2);
    }
}
