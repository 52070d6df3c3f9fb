//! One file on its way into the database.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use byline_application::Digest;
use byline_application::import::{BatchOutcome, Checkpoint, ImportCounts, RowError, Step, Task};
use byline_domain::Timestamp;

use super::batches::{self, Batch, Size};
use super::rehearsal::{DryRunDatabase, Prepare};
use super::{Beginning, Conflict, ErrorReport, Ids, ImportArgs, Target};
use crate::failure::Failure;
use crate::transfer::{Entity, Format, Item, PrefixHasher, Progress, Read, Source};

/// Between two transactions, unless nobody else has the file open. Whoever waits
/// for the lock of a SQLite file looks for it now and then, and would not find it
/// free in a shorter time.
const GAP: Duration = Duration::from_millis(40);

/// The import of a file.
pub(super) struct Job<'a, E> {
    target: &'a Target<'a>,
    path: &'a Path,
    arguments: &'a ImportArgs,
    source: Source<E>,
    course: ImportState,
}

/// Where the import stands.
struct ImportState {
    task: Task,
    position: Checkpoint,
    prefix: Option<PrefixHasher>,
    now: Timestamp,
    length: Option<u64>,
    /// Whether a line could not be stored, and so none behind it is.
    is_stopped: bool,
}

impl<'a, E: Entity> Job<'a, E>
where
    DryRunDatabase: Prepare<E>,
{
    /// # Errors
    ///
    /// [`Failure::Input`], [`Failure::Header`]
    pub(super) fn new(
        target: &'a Target<'a>,
        (path, format): (&'a Path, Format),
        arguments: &'a ImportArgs,
        beginning: Beginning,
    ) -> Result<Self, Failure> {
        let Beginning {
            task,
            position,
            prefix,
            now,
            opened,
            length,
            ..
        } = beginning;
        let place = (position.bytes, position.lines);
        Ok(Self {
            target,
            path,
            arguments,
            source: Source::open(path, opened, format, place, now)?,
            course: ImportState {
                task,
                position,
                prefix,
                now,
                length,
                is_stopped: false,
            },
        })
    }

    /// Stores what can be, and tells of what cannot.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`], [`Failure::Refused`], [`Failure::Overtaken`]
    pub(super) fn run(self, faults: &mut ErrorReport) -> Result<ImportCounts, Failure> {
        let Self {
            target,
            path,
            arguments,
            source,
            course,
        } = self;
        let failed = |error| Failure::Input(path.to_owned(), error);
        let begin = course.position.bytes;
        let progress = Progress::new(E::NAME, begin, course.length, arguments.quiet);
        let mut storing = Storing::<E> {
            target,
            path,
            arguments,
            course,
            progress,
            size: Arc::new(Size::new()),
            rows: std::marker::PhantomData,
        };
        thread::scope(|scope| {
            let batches =
                batches::read(scope, source, Arc::clone(&storing.size)).map_err(Failure::System)?;
            let mut tally = ImportCounts::default();
            for batch in batches {
                tally.add(storing.take(batch.map_err(failed)?, faults)?);
                if faults.are_too_many() {
                    break;
                }
            }
            Ok(tally)
        })
    }
}

/// Stores batch after batch.
struct Storing<'a, E> {
    target: &'a Target<'a>,
    path: &'a Path,
    arguments: &'a ImportArgs,
    course: ImportState,
    progress: Progress,
    size: Arc<Size>,
    rows: std::marker::PhantomData<E>,
}

impl<E: Entity> Storing<'_, E>
where
    DryRunDatabase: Prepare<E>,
{
    /// Stores what can be stored of a batch.
    fn take(
        &mut self,
        mut batch: Batch<E>,
        faults: &mut ErrorReport,
    ) -> Result<ImportCounts, Failure> {
        let goes_on = self.arguments.skip_invalid || self.arguments.dry_run;
        loop {
            if goes_on {
                end_at_last_told(&mut batch, faults.left());
            }
            let Some(last) = batch.last() else {
                return Ok(ImportCounts::default());
            };
            let (end, lines) = (last.bytes, last.lines);
            if self.course.is_stopped && !goes_on {
                self.tell_bad(&batch, faults);
                return Ok(ImportCounts::default());
            }
            // Without `--skip-invalid`, only what is ahead of the first bad
            // line is stored.
            let bad = batch
                .iter()
                .position(|read| matches!(read.item, Item::Bad(_)));
            let (cut, to) = match bad {
                Some(bad) if !goes_on => {
                    let before = bad.checked_sub(1).and_then(|before| batch.get(before));
                    (bad, before.map(|read| (read.bytes, read.lines)))
                }
                _ => (batch.len(), Some((end, lines))),
            };
            let rows = rows::<E>(&batch, cut);
            let count = u64::try_from(rows.len()).unwrap_or_default();
            let outcome = match to {
                Some(to) => self.store(rows, to)?,
                None => BatchOutcome::Stored(ImportCounts::default()),
            };
            match outcome {
                BatchOutcome::Stored(tally) => {
                    self.tell_bad(&batch, faults);
                    self.course.is_stopped |= bad.is_some();
                    self.progress.advance(end, tally.rows());
                    return Ok(tally);
                }
                BatchOutcome::Known => {
                    // By an attempt whose answer was lost.
                    let inserted = count;
                    self.progress.advance(end, inserted);
                    return Ok(ImportCounts {
                        inserted,
                        ..ImportCounts::default()
                    });
                }
                BatchOutcome::Elsewhere => return Err(Failure::Overtaken(self.path.to_owned())),
                BatchOutcome::Refused(refused) => self.mark(&mut batch, &refused),
            }
        }
    }

    /// Turns the rows that the database has no place for into bad lines.
    fn mark(&self, batch: &mut [Read<E::Record>], refused: &[(usize, RowError)]) {
        let rows = batch
            .iter_mut()
            .filter(|read| matches!(read.item, Item::Row(_)));
        let mut refused = refused.iter().peekable();
        for (index, read) in rows.enumerate() {
            if let Some((_, refusal)) = refused.next_if(|(at, _)| *at == index) {
                read.item = Item::Bad(self.told(refusal));
            }
        }
    }

    fn tell_bad(&self, batch: &[Read<E::Record>], faults: &mut ErrorReport) {
        for read in batch {
            if let Item::Bad(text) = &read.item {
                faults.tell(self.path, read.line, text, &self.progress);
            }
        }
    }

    /// Why a row cannot be stored, and what can be done about it.
    fn told(&self, refusal: &RowError) -> String {
        let hint = match refusal {
            RowError::NoId => "; `--ids new` numbers them",
            RowError::UserTaken(_) | RowError::PostTaken(_)
                if self.arguments.on_conflict == Conflict::Fail =>
            {
                "; `--on-conflict` skip or update, or `--ids new`"
            }
            RowError::EmailTaken(_)
                if self.arguments.on_conflict == Conflict::Fail
                    || self.arguments.ids == Ids::Keep =>
            {
                "; `--on-conflict skip` leaves it out"
            }
            RowError::NoAuthor(_) if self.arguments.users.is_none() => {
                "; import the users first, or with `--users`"
            }
            _ => "",
        };
        format!("{refusal}{hint}")
    }

    /// Stores rows, and moves on to a place in bytes and lines.
    fn store(
        &mut self,
        rows: Vec<E::Record>,
        (bytes, lines): (u64, u64),
    ) -> Result<BatchOutcome, Failure> {
        let digest = match &mut self.course.prefix {
            Some(prefix) => prefix
                .advance(bytes)
                .map_err(|error| Failure::Input(self.path.to_owned(), error))?,
            // No import goes on with a stream: no digest is this.
            None => Digest::from_bytes([0; Digest::LENGTH]),
        };
        let to = Checkpoint {
            bytes,
            lines,
            digest,
        };
        let step = Step {
            from: self.course.position.bytes,
            to,
            now: self.course.now,
        };
        let rows = Arc::new(rows);
        if let Some(rehearsal) = self.target.rehearsal {
            rehearsal.prepare(self.target.door, &rows, &self.course.task)?;
        }
        let task = self.course.task;
        let (count, begun) = (rows.len(), Instant::now());
        let outcome = self
            .target
            .door()
            .write(move |session| E::import(session, &task, &rows, &step))?;
        self.size.learn(count, begun.elapsed());
        if !self.arguments.indexes_last {
            thread::sleep(GAP);
        }
        if matches!(outcome, BatchOutcome::Stored(_) | BatchOutcome::Known) {
            self.course.position = to;
            if let Some(prefix) = &mut self.course.prefix {
                prefix.settle();
            }
        }
        Ok(outcome)
    }
}

/// Ends the batch with the last bad line that may be told: what is not told is
/// not passed over.
fn end_at_last_told<T>(batch: &mut Vec<Read<T>>, left: u64) {
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    let bad = batch.iter().enumerate();
    let mut bad = bad.filter(|(_, read)| matches!(read.item, Item::Bad(_)));
    if let Some((last, _)) = left.checked_sub(1).and_then(|last| bad.nth(last)) {
        batch.truncate(last + 1);
    }
}

/// The rows among the first `cut` of the batch.
fn rows<E: Entity>(batch: &[Read<E::Record>], cut: usize) -> Vec<E::Record> {
    let rows = batch.iter().take(cut).filter_map(|read| match &read.item {
        Item::Row(row) => Some(row.clone()),
        Item::Bad(_) => None,
    });
    rows.collect()
}
