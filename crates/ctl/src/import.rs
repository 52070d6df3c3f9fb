//! `bylinectl import`

use std::collections::BTreeMap;
use std::io::{self, Write};

use byline_application::import::{ImportCounts, ImportId, Numbering, OnConflict};
use byline_persistence::{DatabaseUrl, migrations};

use crate::arguments::per_entity::{PerEntity, RowFiles};
use crate::failure::Failure;
use crate::files::{Files, Input};
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

/// Under which ids rows are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Ids {
    /// Under their own.
    Keep,
    /// Under new ones. Posts follow their authors, by the ids that these have
    /// in the file of `--users`; without it, by those in the database.
    New,
}

/// What is done about a row that is there already.
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
///
/// # Errors
///
/// [`Failure::BadLines`] when a line cannot be stored; [`Failure::Database`],
/// [`Failure::Refused`], and those of the files.
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
    let store = if arguments.indexes_last {
        BlockingStore::open_without_list_indexes(url)?
    } else {
        BlockingStore::open(url)?
    };
    let dry_run = arguments
        .dry_run
        .then(|| DryRunDatabase::of(&store))
        .transpose()?;
    let target = Target {
        real: &store,
        dry_run: dry_run.as_ref(),
    };
    let mut errors = ErrorReport::new(arguments.max_errors);
    let imported = import_all(&target, &inputs, arguments, &mut errors);
    drop(dry_run);
    drop(store);
    if arguments.indexes_last {
        // Also after an error: others want to use the file.
        build_indexes(url, arguments.quiet)?;
    }
    imported?;
    errors.end(arguments.dry_run, arguments.skip_invalid)
}

/// Imports file after file, parents before their children.
fn import_all(
    target: &Target<'_>,
    inputs: &[Option<(Input, Format)>],
    arguments: &ImportArgs,
    errors: &mut ErrorReport,
) -> Result<(), Failure> {
    let mut imports = Imports::default();
    let import: &[ImportFile] = &for_each_entity!(E => import_file::<E>);
    for (import, input) in import.iter().zip(inputs) {
        if let Some((input, format)) = input
            && errors.may_go_on(arguments.skip_invalid)
        {
            import(target, (input, *format), arguments, &mut imports, errors)?;
        }
    }
    if errors.are_none() && !arguments.dry_run {
        for table in TABLES {
            let mut children = table.children().peekable();
            // Notes about ids are of no use once all children have found their parents.
            if let Some(import) = imports.by_entity.get(table.name)
                && children.peek().is_some()
                && children.all(|child| imports.by_entity.contains_key(child.name))
            {
                forget(target.real, *import)?;
            }
        }
    }
    Ok(())
}

/// The imports of this command so far, if they note ids: rows are numbered anew.
#[derive(Default)]
struct Imports {
    by_entity: BTreeMap<&'static str, ImportId>,
    last: Option<ImportId>,
}

/// Where rows are stored.
struct Target<'a> {
    /// The database.
    real: &'a BlockingStore,
    /// The database that a dry run stores the rows in instead.
    dry_run: Option<&'a DryRunDatabase>,
}

impl Target<'_> {
    /// Returns the database that the rows are stored in.
    fn store(&self) -> &BlockingStore {
        self.dry_run.map_or(self.real, DryRunDatabase::store)
    }
}

type ImportFile = fn(
    &Target<'_>,
    (&Input, Format),
    &ImportArgs,
    &mut Imports,
    &mut ErrorReport,
) -> Result<(), Failure>;

fn import_file<E: Columns>(
    target: &Target<'_>,
    (input, format): (&Input, Format),
    arguments: &ImportArgs,
    imports: &mut Imports,
    errors: &mut ErrorReport,
) -> Result<(), Failure> {
    let beginning = Beginning::find::<E>(target, input, arguments, imports)?;
    if beginning.task.numbering == Numbering::Anew {
        imports.by_entity.insert(E::NAME, beginning.task.id);
        imports.last = Some(beginning.task.id);
    }
    let lines = beginning.position.lines;
    let path = input.path().display();
    if lines > 0 && !arguments.quiet {
        tell(&if beginning.is_done {
            format!("{path} is stored already; `--again` stores it once more")
        } else {
            format!(
                "{path}: {} lines are stored already; going on",
                number(lines)
            )
        })?;
    }
    if beginning.is_done {
        return Ok(());
    }
    let counts = file::import::<E>(target, (input.path(), format), arguments, beginning, errors)?;
    report(E::PLURAL, &path.to_string(), &counts, arguments.dry_run)
}

/// `users.csv: 10 users stored, 2 changed, 3 left out`
fn report(what: &str, path: &str, counts: &ImportCounts, dry_run: bool) -> Result<(), Failure> {
    let would = if dry_run { "would be " } else { "" };
    let mut text = format!("{path}: {} {what} {would}stored", number(counts.inserted));
    for (count, how) in [(counts.updated, "changed"), (counts.skipped, "left out")] {
        if count > 0 {
            text.push_str(&format!(", {} {would}{how}", number(count)));
        }
    }
    writeln!(io::stdout(), "{text}").map_err(Failure::Output)
}

fn tell(line: &str) -> Result<(), Failure> {
    writeln!(io::stderr(), "{line}").map_err(Failure::Output)
}

fn build_indexes(url: &DatabaseUrl, is_quiet: bool) -> Result<(), Failure> {
    if !is_quiet {
        tell("building the indexes")?;
    }
    migrations::migrate(url)?;
    Ok(())
}

/// Removes the notes about ids of an import, a few at a time so that others need not wait.
fn forget(store: &BlockingStore, import: ImportId) -> Result<(), Failure> {
    const NOTES: u16 = 5_000;
    while store.write(move |session| Ok(session.imports().forget_ids(import, NOTES)?))? > 0 {}
    Ok(())
}
