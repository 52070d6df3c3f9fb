//! The import of one file.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use byline_application::import::{BatchOutcome, Checkpoint, ImportCounts, RowError, Step, Task};
use byline_application::{Digest, ImportedRow};
use byline_domain::Timestamp;

use super::batches::{self, Batch, Size};
use super::{Beginning, Conflict, Ids, Importer};
use crate::failure::Failure;
use crate::files::Input;
use crate::transfer::{Columns, Format, PrefixHasher, Progress, Read, Source, Table};

/// The pause between two transactions, unless no other process can have the file open. A process
/// that waits for the lock of a SQLite file polls it, and would miss a shorter pause.
const GAP: Duration = Duration::from_millis(40);

/// Stores the rows of a file that can be stored, and reports the others.
pub(super) fn import<E: Columns>(
    importer: &mut Importer<'_>,
    input: &Input,
    format: Format,
    beginning: Beginning,
) -> Result<ImportCounts, Failure> {
    let Beginning {
        task,
        position,
        prefix,
        now,
        opened,
    } = beginning;
    let path = &*input.path;
    let place = (position.bytes, position.lines);
    let source = Source::<E>::open(path, opened, format, place, now)?;
    let quiet = importer.arguments.quiet;
    let mut storing = Storing {
        importer,
        path,
        task,
        position,
        prefix,
        now,
        is_stopped: false,
        progress: Progress::new(E::PLURAL, position.bytes, input.length(), quiet),
        size: Arc::new(Size::new()),
    };
    thread::scope(|scope| {
        let batches =
            batches::read(scope, source, Arc::clone(&storing.size)).map_err(Failure::System)?;
        let mut counts = ImportCounts::default();
        for batch in batches {
            let batch = batch.map_err(|error| storing.unreadable(error))?;
            counts.add(storing.take(batch)?);
            if storing.importer.errors.are_too_many() {
                break;
            }
        }
        Ok(counts)
    })
}

/// Stores batch after batch.
struct Storing<'a, 'i> {
    importer: &'a mut Importer<'i>,
    path: &'a Path,
    task: Task,
    position: Checkpoint,
    /// The file up to the position.
    prefix: Option<PrefixHasher>,
    now: Timestamp,
    /// Whether a line could not be stored, and so none behind it is.
    is_stopped: bool,
    progress: Progress,
    size: Arc<Size>,
}

impl Storing<'_, '_> {
    /// Stores what can be stored of a batch.
    fn take<E: Columns>(&mut self, mut batch: Batch<E>) -> Result<ImportCounts, Failure> {
        let continues = self.importer.arguments.skip_invalid || self.importer.arguments.dry_run;
        loop {
            if continues {
                end_at_last_reported(&mut batch, self.importer.errors.left());
            }
            let Some(end) = batch.last().map(|last| last.bytes) else {
                return Ok(ImportCounts::default());
            };
            if self.is_stopped && !continues {
                self.report_bad(&batch);
                return Ok(ImportCounts::default());
            }
            let mut lines = batch.iter();
            let bad = lines.position(|read| read.item.is_err());
            // Without `--skip-invalid`, only the rows before the first bad line are stored.
            let stored = match bad {
                Some(bad) if !continues => batch.get(..bad).unwrap_or_default(),
                _ => &batch,
            };
            let rows = rows::<E>(stored);
            let inserted = u64::try_from(rows.len()).unwrap_or_default();
            let outcome = match stored.last() {
                Some(last) => self.store(rows, (last.bytes, last.lines))?,
                None => BatchOutcome::Stored(ImportCounts::default()),
            };
            let counts = match outcome {
                BatchOutcome::Stored(counts) => counts,
                // An earlier attempt stored it, but its answer was lost.
                BatchOutcome::Known => ImportCounts {
                    inserted,
                    ..ImportCounts::default()
                },
                BatchOutcome::Elsewhere => return Err(Failure::Overtaken(self.path.to_owned())),
                BatchOutcome::Refused(refused) => {
                    self.mark(&mut batch, &refused);
                    continue;
                }
            };
            self.report_bad(&batch);
            self.is_stopped |= bad.is_some();
            self.progress.advance(end, counts.rows());
            return Ok(counts);
        }
    }

    /// Marks the rows that cannot be stored as bad lines.
    fn mark<T>(&self, batch: &mut [Read<T>], refused: &[(usize, RowError)]) {
        let rows = batch.iter_mut().filter(|read| read.item.is_ok());
        let mut refused = refused.iter().peekable();
        for (index, read) in rows.enumerate() {
            if let Some((_, error)) = refused.next_if(|(at, _)| *at == index) {
                read.item = Err(self.explain(error));
            }
        }
    }

    fn report_bad<T>(&mut self, batch: &[Read<T>]) {
        for read in batch {
            if let Err(text) = &read.item {
                let errors = &mut self.importer.errors;
                errors.report(self.path, read.line, text, &self.progress);
            }
        }
    }

    /// Returns why a row cannot be stored, and what can be done about it.
    fn explain(&self, error: &RowError) -> String {
        let arguments = self.importer.arguments;
        let fails = arguments.on_conflict == Conflict::Fail;
        match error {
            RowError::NoId => format!("{error}; `--ids new` numbers them"),
            RowError::IdTaken(_) if fails => {
                format!("{error}; `--on-conflict` skip or update, or `--ids new`")
            }
            RowError::ValueTaken(..) if fails || arguments.ids == Ids::Keep => {
                format!("{error}; `--on-conflict skip` leaves it out")
            }
            RowError::ParentMissing(relation, _) => match Table::named(relation.parent) {
                Some(parent) if arguments.files.get(parent).is_none() => {
                    let parents = parent.plural;
                    format!("{error}; import the {parents} first, or with `--{parents}`")
                }
                _ => error.to_string(),
            },
            _ => error.to_string(),
        }
    }

    fn unreadable(&self, error: io::Error) -> Failure {
        Failure::Input(self.path.to_owned(), error)
    }

    /// Stores rows, and moves on to a position in bytes and lines.
    fn store<E: Columns>(
        &mut self,
        rows: Vec<ImportedRow<E>>,
        (bytes, lines): (u64, u64),
    ) -> Result<BatchOutcome, Failure> {
        let mut prefix = self.prefix.clone();
        let digest = match &mut prefix {
            Some(prefix) => {
                let digest = prefix.advance(bytes);
                digest.map_err(|error| self.unreadable(error))?
            }
            // No import goes on with a stream: no file has this digest.
            None => Digest::from_bytes([0; Digest::LENGTH]),
        };
        let to = Checkpoint {
            bytes,
            lines,
            digest,
        };
        let step = Step {
            from: self.position.bytes,
            to,
            now: self.now,
        };
        let rows = Arc::new(rows);
        let task = self.task.clone();
        if let Some(dry_run) = self.importer.dry_run {
            dry_run.prepare(self.importer.real, &rows, &task)?;
        }
        let (count, begun) = (rows.len(), Instant::now());
        let outcome = self
            .importer
            .store()
            .write(move |session| byline_application::import::rows(session, &task, &rows, &step))?;
        self.size.learn(count, begun.elapsed());
        if !self.importer.arguments.indexes_last {
            thread::sleep(GAP);
        }
        if matches!(outcome, BatchOutcome::Stored(_) | BatchOutcome::Known) {
            self.position = to;
            self.prefix = prefix;
        }
        Ok(outcome)
    }
}

/// Ends the batch with the last bad line that may be reported: no bad line is passed over
/// without a report.
fn end_at_last_reported<T>(batch: &mut Vec<Read<T>>, left: u64) {
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    let bad = batch.iter().enumerate();
    let mut bad = bad.filter(|(_, read)| read.item.is_err());
    if let Some((last, _)) = left.checked_sub(1).and_then(|last| bad.nth(last)) {
        batch.truncate(last + 1);
    }
}

/// Returns the rows without the bad lines between them.
fn rows<E: Columns>(batch: &[Read<ImportedRow<E>>]) -> Vec<ImportedRow<E>> {
    let rows = batch.iter().filter_map(|read| read.item.as_ref().ok());
    rows.cloned().collect()
}
