//! `bylinectl import`

use std::collections::BTreeMap;

use byline_application::import::{Checkpoint, ImportId, Numbering, OnConflict};
use byline_persistence::{Database, DatabaseUrl, migrations};

use crate::failure::Failure;
use crate::files::{Files, Input};
use crate::per_entity::{PerEntity, RowFiles};
use crate::print::{print, tell};
use crate::transfer::{BlockingStore, Columns, Format, TABLES, for_each_entity, number};

mod batches;
mod begin;
mod dry_run;
mod errors;
mod file;

use begin::Beginning;
use dry_run::DryRunDatabase;
use errors::ErrorReport;

/// What to import, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    files: PerEntity<RowFiles<true>>,

    /// How the rows are written; by default as the file's name says.
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Under which ids the rows are stored.
    #[arg(long, value_enum, default_value_t = Ids::Keep)]
    ids: Ids,

    /// What to do about a row that is there already: one with the same id, or
    /// with `--ids new` a user with the same e-mail address.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Conflict::Fail)]
    on_conflict: Conflict,

    /// Leave out lines that cannot be stored and go on, instead of storing
    /// nothing from the first of them on.
    #[arg(long)]
    skip_invalid: bool,

    /// Give up once so many lines that cannot be stored have been told.
    #[arg(long, value_name = "N", default_value_t = 20)]
    max_errors: u64,

    /// Store the rows without the indexes of lists, and build these at the end,
    /// each in one go: from a million rows on in a fraction of the time. For a
    /// SQLite file that nothing else has open.
    #[arg(long, conflicts_with = "dry_run")]
    indexes_last: bool,

    /// Change nothing, and tell what would happen. Takes as long as the import,
    /// and as much room in the folder for temporary files.
    #[arg(long)]
    dry_run: bool,

    /// Import a file once more whose lines are stored already.
    #[arg(long)]
    again: bool,

    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
A row has the members that `bylinectl export` writes. A user needs name and email, a post user_id,
title and content; with `--ids keep` each needs its id. The rest is filled in.

An import that is broken off, by an error or a kill, goes on where it stands when the same command
is run again: lines that were stored are recognised by their content, and may not be changed;
those behind them may. Not so from standard input. When a kill broke `--indexes-last` off, the file
is refused until its indexes are there: `bylinectl migrate` builds them, too.

Examples:
  bylinectl import --users users.ndjson --posts posts.ndjson
  bylinectl import --users users.csv --dry-run --max-errors 1000
  bylinectl import --users users.csv --posts posts.csv --indexes-last
  bylinectl import --users users.csv --posts posts.csv --ids new --on-conflict skip";

/// The ids under which rows are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Ids {
    /// Under their own.
    Keep,
    /// Under new ones. Posts follow their authors, by the ids that these have
    /// in the file of `--users`; without it, by those in the database.
    New,
}

/// The treatment of a row that exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Conflict {
    /// The line cannot be stored.
    Fail,
    /// The line is left out.
    Skip,
    /// The line is written over the row, if it differs; the row's version goes
    /// up, and its time of creation stays.
    Update,
}

impl ImportArgs {
    fn numbering(&self) -> Numbering {
        match self.ids {
            Ids::Keep => Numbering::Kept,
            Ids::New => Numbering::Anew,
        }
    }

    fn on_conflict(&self) -> OnConflict {
        match self.on_conflict {
            Conflict::Fail => OnConflict::Fail,
            Conflict::Skip => OnConflict::Skip,
            Conflict::Update => OnConflict::Update,
        }
    }
}

/// Imports the files.
pub(crate) fn run(
    url: &DatabaseUrl,
    mut files: Files,
    arguments: &ImportArgs,
) -> Result<(), Failure> {
    let inputs = arguments.files.try_map(|path| {
        let input = files.input(path)?;
        let format = Format::of(path, arguments.format, input.length().is_none())?;
        Ok((input, format))
    })?;
    let real = if arguments.indexes_last {
        BlockingStore::of(Database::open_without_list_indexes(url)?)?
    } else {
        BlockingStore::open(url)?
    };
    let dry_run = arguments.dry_run.then(|| DryRunDatabase::of(&real));
    let dry_run = dry_run.transpose()?;
    let mut importer = Importer {
        real: &real,
        dry_run: dry_run.as_ref(),
        arguments,
        begun: BTreeMap::new(),
        last: None,
        errors: ErrorReport::new(arguments.max_errors),
    };
    let imported = importer.import_all(&inputs);
    let errors = importer.errors;
    drop(dry_run);
    drop(real);
    if arguments.indexes_last {
        // Also after an error: others want to use the file.
        if !arguments.quiet {
            tell("building the indexes");
        }
        migrations::migrate(url)?;
    }
    imported?;
    errors.end(arguments.dry_run, arguments.skip_invalid)
}

/// Imports file after file.
struct Importer<'a> {
    real: &'a BlockingStore,
    /// The database that a dry run stores the rows in instead.
    dry_run: Option<&'a DryRunDatabase>,
    arguments: &'a ImportArgs,
    /// The imports so far that note ids, because rows are numbered anew, by the names of their
    /// entities.
    begun: BTreeMap<&'static str, ImportId>,
    /// The last of them.
    last: Option<ImportId>,
    errors: ErrorReport,
}

impl Importer<'_> {
    /// Imports parents before their children.
    fn import_all(&mut self, inputs: &[Option<(Input, Format)>]) -> Result<(), Failure> {
        type ImportFile<'i> = fn(&mut Importer<'i>, &Input, Format) -> Result<(), Failure>;
        let import: &[ImportFile<'_>] = &for_each_entity!(E => Self::import::<E>);
        for (import, input) in import.iter().zip(inputs) {
            if let Some((input, format)) = input
                && self.errors.may_go_on(self.arguments.skip_invalid)
            {
                import(self, input, *format)?;
            }
        }
        if self.errors.are_none() && !self.arguments.dry_run {
            for table in TABLES {
                let mut children = table.children().peekable();
                // Notes about ids are of no use once all children have found their parents.
                if let Some(import) = self.begun.get(table.name)
                    && children.peek().is_some()
                    && children.all(|child| self.begun.contains_key(child.name))
                {
                    forget(self.real, *import)?;
                }
            }
        }
        Ok(())
    }

    fn import<E: Columns>(&mut self, input: &Input, format: Format) -> Result<(), Failure> {
        let beginning = Beginning::find::<E>(self, input)?;
        if beginning.task.numbering == Numbering::Anew {
            self.begun.insert(E::NAME, beginning.task.id);
            self.last = Some(beginning.task.id);
        }
        let Checkpoint { bytes, lines, .. } = beginning.position;
        let path = input.path.display();
        let is_done = bytes > 0 && Some(bytes) == input.length();
        if lines > 0 && !self.arguments.quiet {
            if is_done {
                tell(format_args!(
                    "{path} is stored already; `--again` stores it once more"
                ));
            } else {
                let lines = number(lines);
                tell(format_args!(
                    "{path}: {lines} lines are stored already; going on"
                ));
            }
        }
        if is_done {
            return Ok(());
        }
        let counts = file::import::<E>(self, input, format, beginning)?;
        let would = if self.dry_run.is_some() {
            "would be "
        } else {
            ""
        };
        let inserted = number(counts.inserted);
        let mut text = format!("{path}: {inserted} {} {would}stored", E::PLURAL);
        for (count, how) in [(counts.updated, "changed"), (counts.skipped, "left out")] {
            if count > 0 {
                text.push_str(&format!(", {} {would}{how}", number(count)));
            }
        }
        print(text)
    }

    /// Returns the database that the rows are stored in.
    fn store(&self) -> &BlockingStore {
        self.dry_run.map_or(self.real, |dry_run| &dry_run.store)
    }
}

/// Removes the notes about ids of an import, a few at a time so that others need not wait.
fn forget(store: &BlockingStore, import: ImportId) -> Result<(), Failure> {
    const NOTES: u16 = 5_000;
    while store.write(move |session| Ok(session.imports().forget_ids(import, NOTES)?))? > 0 {}
    Ok(())
}
