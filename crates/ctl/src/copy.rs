//! `bylinectl copy`

use std::io::{self, Write};

use byline_application::import::{
    BatchOutcome, Checkpoint, ImportId, NewImport, Numbering, OnConflict, RowError, Step, Task,
};
use byline_application::{Clock as _, Digest};
use byline_domain::UserId;
use byline_persistence::DatabaseUrl;

use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::files::Files;
use crate::transfer::{
    BatchSize, BlockingStore, Columns, EntityProgress, Rows, TABLES, Table, advance_id_sequences,
    for_each_entity, number, read_rows,
};

mod proof;

/// The databases.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CopyArgs {
    /// The database to copy. A password belongs into the environment.
    #[arg(
        long,
        value_name = "URL",
        env = "BYLINE_COPY_FROM",
        hide_env_values = true
    )]
    from: DatabaseUrl,

    /// The database to copy to: migrated, and without users. A password belongs
    /// into the environment.
    #[arg(
        long,
        value_name = "URL",
        env = "BYLINE_COPY_TO",
        hide_env_values = true
    )]
    to: DatabaseUrl,

    /// Copy nothing: only compare.
    #[arg(long)]
    verify_only: bool,

    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
All users and posts are copied as they are at one moment, with their ids, times and versions, and
the ids that were ever given are given to nobody else. Then both databases are read, and the rows
and checksums of every range of ids compared. Idempotency keys stay behind.

Stop the service for the time of the copy: what it writes meanwhile is missing in the copy, and
told. A copy that is broken off goes on when the same command is run again.

Examples:
  bylinectl copy --from sqlite:byline.db --to mysql://owner@db/byline
  BYLINE_COPY_TO='mysql://owner:password@db/byline' bylinectl copy --from sqlite:byline.db";

/// When the rows that were read are stored, in one transaction.
const BATCH: BatchSize = BatchSize {
    rows: 5_000,
    bytes: 4 << 20,
};

/// Copies all rows, and compares both databases.
///
/// # Errors
///
/// [`Failure::NotEmpty`], [`Failure::Differs`], [`Failure::Database`],
/// [`Failure::Refused`].
pub(crate) fn run(arguments: &CopyArgs) -> Result<(), Failure> {
    if Files::are_same(&arguments.from, &arguments.to) {
        return Err(Failure::SameDatabase);
    }
    Files::of(&[&arguments.from, &arguments.to])?;
    let from = BlockingStore::open_to_read(&arguments.from)?;
    let to = BlockingStore::open(&arguments.to)?;
    if !arguments.verify_only {
        copy(&from, &to, arguments.quiet)?;
    }
    prove(&from, &to, arguments.quiet)
}

/// Copies all rows as they are at one moment.
fn copy(from: &BlockingStore, to: &BlockingStore, quiet: bool) -> Result<(), Failure> {
    let begun = for_each_entity!(E => begin::<E>(to)?);
    let after = begun
        .iter()
        .map(|(_, position)| i64::try_from(position.bytes).ok());
    let after = after.collect();
    let mut copies: Vec<_> = TABLES
        .iter()
        .zip(begun)
        .map(|(table, (import, position))| TableCopy {
            to,
            table,
            import,
            position,
        })
        .collect();
    read_rows(from, after, BATCH, |last_ids, batches| {
        for (table, last) in TABLES.iter().zip(&last_ids) {
            check_room(table, *last)?;
        }
        let mut progress = EntityProgress::new(&last_ids, quiet);
        for (entity, rows) in batches {
            let Some(copy) = copies.get_mut(entity) else {
                continue;
            };
            let progress = progress.of(entity, copy.position.bytes);
            let count = rows.count();
            copy.store(rows)?;
            progress.advance(copy.position.bytes, count);
        }
        drop(progress);
        to.write(move |session| Ok(advance_id_sequences(session, &last_ids)?))
    })
}

/// Returns the copy into this database that was broken off, or begins one. A copy counts
/// ids where an import counts bytes.
fn begin<E: Columns>(to: &BlockingStore) -> Result<(ImportId, Checkpoint), Failure> {
    let mark = mark();
    let (earlier, is_empty) = to.read(move |session| {
        let imports = session.imports().list(E::PLURAL)?;
        let is_empty = E::repository(session).rows_after(0, 1)?.is_empty();
        let mut imports = imports.into_iter();
        let earlier = imports.find(|import| import.position.digest == mark);
        Ok((earlier, is_empty))
    })?;
    if let Some(earlier) = earlier {
        return Ok((earlier.id, earlier.position));
    }
    if !is_empty {
        return Err(Failure::NotEmpty);
    }
    let new = NewImport {
        rows: E::PLURAL,
        numbering: Numbering::Kept,
        parents: None,
    };
    let now = SystemClock.now();
    let id = to.write(move |session| Ok(session.imports().begin(&new, now)?))?;
    Ok((id, Checkpoint::START))
}

/// Returns the digest that tells a copy from an import of a file.
fn mark() -> Digest {
    Digest::of(&[b"bylinectl copy"])
}

/// Refuses a database that would leave the other few ids to give.
fn check_room(table: &Table, last: i64) -> Result<(), Failure> {
    let most = UserId::MAX_IMPORTED.get();
    if last <= most {
        return Ok(());
    }
    let why = format!("the last id that was given is {last}, and must be at most {most}");
    Err(Failure::UsedUp(table.plural, why))
}

/// How far the copy of an entity's rows is.
struct TableCopy<'a> {
    to: &'a BlockingStore,
    table: &'static Table,
    import: ImportId,
    position: Checkpoint,
}

impl TableCopy<'_> {
    fn store(&mut self, rows: Box<dyn Rows>) -> Result<(), Failure> {
        let task = Task {
            id: self.import,
            numbering: Numbering::Kept,
            on_conflict: OnConflict::Fail,
            parents: Default::default(),
        };
        let position = Checkpoint {
            bytes: u64::try_from(rows.last_id()).unwrap_or_default(),
            lines: self.position.lines + rows.count(),
            digest: mark(),
        };
        let step = Step {
            from: self.position.bytes,
            to: position,
            now: SystemClock.now(),
        };
        let outcome = self
            .to
            .write(move |session| rows.import(session, &task, &step))?;
        match outcome {
            BatchOutcome::Stored(_) | BatchOutcome::Known => {}
            BatchOutcome::Refused(refused) => {
                let first = refused.first().map(|(_, error)| *error);
                let why = first.map(|error| error.to_string());
                let failure = match first {
                    Some(RowError::VersionTooHigh) => Failure::UsedUp,
                    _ => Failure::NoPlace,
                };
                return Err(failure(self.table.plural, why.unwrap_or_default()));
            }
            BatchOutcome::Elsewhere => return Err(Failure::CopiedElsewhere),
        }
        self.position = position;
        Ok(())
    }
}

/// Compares the databases, range by range.
fn prove(from: &BlockingStore, to: &BlockingStore, quiet: bool) -> Result<(), Failure> {
    type Compare = fn(&BlockingStore, &BlockingStore, bool) -> Result<proof::Compared, Failure>;
    let mut differing = 0;
    let mut output = io::stdout().lock();
    let compare: &[Compare] = &for_each_entity!(E => proof::compare::<E>);
    for compare in compare {
        let compared = compare(from, to, quiet)?;
        for range in &compared.differing {
            writeln!(output, "{range}").map_err(Failure::Output)?;
        }
        differing += compared.differing.len();
        if compared.differing.is_empty() {
            writeln!(
                output,
                "{} {} on both sides, equal in {} ranges; sha256 {}",
                number(compared.rows),
                compared.what,
                number(compared.ranges),
                compared.digest
            )
            .map_err(Failure::Output)?;
        }
    }
    if differing == 0 {
        Ok(())
    } else {
        Err(Failure::Differs)
    }
}
