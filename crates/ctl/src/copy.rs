//! `bylinectl copy`

use byline_application::Digest;
use byline_application::import::{
    BatchOutcome, Checkpoint, ImportId, NewImport, Numbering, OnConflict, RowError, Step, Task,
};
use byline_domain::UserId;
use byline_persistence::DatabaseUrl;

use crate::clock::now;
use crate::failure::Failure;
use crate::files::Files;
use crate::transfer::{
    BatchSize, BlockingStore, Columns, Rows, TABLES, advance_id_sequences, for_each_entity,
    read_rows,
};

mod proof;

/// The databases.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CopyArgs {
    /// The database to copy. A password belongs into the environment.
    #[arg(long, value_name = "URL")]
    #[arg(env = "BYLINE_COPY_FROM", hide_env_values = true)]
    from: DatabaseUrl,

    /// The database to copy to: migrated, and without users. A password belongs
    /// into the environment.
    #[arg(long, value_name = "URL")]
    #[arg(env = "BYLINE_COPY_TO", hide_env_values = true)]
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
ids that the source has given are not given again. Then both databases are read, and the rows
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
    let mut copies = for_each_entity!(E => TableCopy::begin::<E>(to)?);
    let after = copies.each_ref();
    let after = after.map(|copy| i64::try_from(copy.position.bytes).ok());
    let store = |entity: usize, rows| match copies.get_mut(entity) {
        Some(copy) => copy.store(rows),
        None => Ok(()),
    };
    let last_ids = read_rows(from, after.to_vec(), BATCH, quiet, check_room, store)?;
    to.write(move |session| Ok(advance_id_sequences(session, &last_ids)?))
}

/// Refuses a database that would leave the other few ids to give.
fn check_room(last_ids: &[i64]) -> Result<(), Failure> {
    let most = UserId::MAX_IMPORTED.get();
    for (table, last) in TABLES.iter().zip(last_ids) {
        if *last > most {
            let why = format!("the last id that was given is {last}, and must be at most {most}");
            return Err(Failure::UsedUp(table.plural, why));
        }
    }
    Ok(())
}

/// How far the copy of an entity's rows is. A copy counts ids where an import counts bytes.
struct TableCopy<'a> {
    to: &'a BlockingStore,
    plural: &'static str,
    import: ImportId,
    position: Checkpoint,
}

/// Returns the digest that tells a copy from an import of a file.
fn mark() -> Digest {
    Digest::of(&[b"bylinectl copy"])
}

impl<'a> TableCopy<'a> {
    /// Returns the copy into this database that was broken off, or begins one.
    fn begin<E: Columns>(to: &'a BlockingStore) -> Result<Self, Failure> {
        let (earlier, is_empty) = to.read(|session| {
            let is_empty = E::repository(session).rows_after(0, 1)?.is_empty();
            let mut imports = session.imports().list(E::PLURAL)?.into_iter();
            let earlier = imports.find(|import| import.position.digest == mark());
            Ok((earlier, is_empty))
        })?;
        let (import, position) = match earlier {
            Some(earlier) => (earlier.id, earlier.position),
            None if !is_empty => return Err(Failure::NotEmpty),
            None => {
                let new = NewImport {
                    rows: E::PLURAL,
                    numbering: Numbering::Kept,
                    parents: None,
                };
                let now = now();
                let id = to.write(move |session| Ok(session.imports().begin(&new, now)?))?;
                (id, Checkpoint::START)
            }
        };
        Ok(Self {
            to,
            plural: E::PLURAL,
            import,
            position,
        })
    }

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
            now: now(),
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
                return Err(failure(self.plural, why.unwrap_or_default()));
            }
            BatchOutcome::Elsewhere => return Err(Failure::CopiedElsewhere),
        }
        self.position = position;
        Ok(())
    }
}

/// Compares the databases, one entity after the other.
fn prove(from: &BlockingStore, to: &BlockingStore, quiet: bool) -> Result<(), Failure> {
    type Compare = fn(&BlockingStore, &BlockingStore, bool) -> Result<bool, Failure>;
    let compare: &[Compare] = &for_each_entity!(E => proof::compare::<E>);
    let mut are_equal = true;
    for compare in compare {
        are_equal &= compare(from, to, quiet)?;
    }
    are_equal.then_some(()).ok_or(Failure::Differs)
}
