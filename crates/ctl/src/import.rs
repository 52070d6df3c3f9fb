//! `bylinectl import`

use std::io::{self, Write};
use std::path::PathBuf;

use byline_application::import::{ImportCounts, ImportId, Numbering, OnConflict, Rows};
use byline_persistence::{DatabaseUrl, migrations};

use crate::failure::Failure;
use crate::files::{Files, Input};
use crate::transfer::{BlockingStore, Entity, Format, Posts, Users, number};

mod batches;
mod begin;
mod faults;
mod file;
mod rehearsal;

use begin::Beginning;
use faults::ErrorReport;
use file::Job;
use rehearsal::DryRunDatabase;

/// What to import, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ImportArgs {
    /// The file of users; `-` is standard input.
    #[arg(long, value_name = "FILE", required_unless_present = "posts")]
    users: Option<PathBuf>,

    /// The file of posts; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    posts: Option<PathBuf>,

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
    let inputs = Inputs {
        users: named(arguments.users.as_ref(), arguments, &mut files)?,
        posts: named(arguments.posts.as_ref(), arguments, &mut files)?,
    };
    let door = if arguments.indexes_last {
        BlockingStore::open_without_list_indexes(url)?
    } else {
        BlockingStore::open(url)?
    };
    let rehearsal = arguments
        .dry_run
        .then(|| DryRunDatabase::of(&door))
        .transpose()?;
    let target = Target {
        door: &door,
        rehearsal: rehearsal.as_ref(),
    };
    let mut faults = ErrorReport::new(arguments.max_errors);
    let stored = store(&target, &inputs, arguments, &mut faults);
    drop(rehearsal);
    drop(door);
    if arguments.indexes_last {
        // Whatever became of the rows: others want to use the file.
        build_indexes(url, arguments.quiet)?;
    }
    stored?;
    faults.end(arguments.dry_run, arguments.skip_invalid)
}

/// The files of an import, and how they are written.
struct Inputs {
    users: Option<(Input, Format)>,
    posts: Option<(Input, Format)>,
}

fn named(
    path: Option<&PathBuf>,
    arguments: &ImportArgs,
    files: &mut Files,
) -> Result<Option<(Input, Format)>, Failure> {
    path.map(|path| {
        let input = files.input(path)?;
        let format = Format::of(path, arguments.format, input.length().is_none())?;
        Ok((input, format))
    })
    .transpose()
}

/// Stores the users, then the posts.
fn store(
    target: &Target<'_>,
    inputs: &Inputs,
    arguments: &ImportArgs,
    faults: &mut ErrorReport,
) -> Result<(), Failure> {
    let mut authors = None;
    if let Some(input) = &inputs.users {
        authors = Some(import::<Users>(target, input, arguments, None, faults)?);
    }
    let numbered_anew = arguments.numbering() == Numbering::Anew;
    if let Some(input) = inputs
        .posts
        .as_ref()
        .filter(|_| faults.may_go_on(arguments.skip_invalid))
    {
        let authors_here = authors.filter(|_| numbered_anew);
        import::<Posts>(target, input, arguments, authors_here, faults)?;
        if let (Some(authors), true, false) = (authors, faults.are_none(), arguments.dry_run) {
            forget(target.door, authors)?;
        }
    }
    Ok(())
}

/// Where rows are stored.
struct Target<'a> {
    /// The database.
    door: &'a BlockingStore,
    /// Where they are stored instead in a dry run.
    rehearsal: Option<&'a DryRunDatabase>,
}

impl Target<'_> {
    /// Where the rows are stored.
    fn door(&self) -> &BlockingStore {
        self.rehearsal.map_or(self.door, DryRunDatabase::door)
    }
}

fn import<E: Entity>(
    target: &Target<'_>,
    (input, format): &(Input, Format),
    arguments: &ImportArgs,
    authors: Option<ImportId>,
    faults: &mut ErrorReport,
) -> Result<ImportId, Failure>
where
    DryRunDatabase: rehearsal::Prepare<E>,
{
    let beginning = Beginning::find::<E>(target, input, arguments, authors)?;
    let id = beginning.task.id;
    let lines = beginning.position.lines;
    let path = input.path();
    let said = path.display();
    if lines > 0 && !arguments.quiet {
        tell(&if beginning.is_done {
            format!("{said} is stored already; `--again` stores it once more")
        } else {
            format!(
                "{said}: {} lines are stored already; going on",
                number(lines)
            )
        })?;
    }
    if beginning.is_done {
        return Ok(id);
    }
    let tally = Job::<E>::new(target, (path, *format), arguments, beginning)?.run(faults)?;
    report(E::ROWS, &said.to_string(), &tally, arguments.dry_run)?;
    Ok(id)
}

/// `users.csv: 10 users stored, 2 changed, 3 left out`
fn report(rows: Rows, path: &str, tally: &ImportCounts, dry_run: bool) -> Result<(), Failure> {
    let what = match rows {
        Rows::Users => "users",
        Rows::Posts => "posts",
    };
    let would = if dry_run { "would be " } else { "" };
    let mut text = format!("{path}: {} {what} {would}stored", number(tally.inserted));
    for (count, how) in [(tally.updated, "changed"), (tally.skipped, "left out")] {
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

/// Removes the notes about the ids of users whose posts are stored, a few at a
/// time so that nobody waits for it.
fn forget(door: &BlockingStore, authors: ImportId) -> Result<(), Failure> {
    const NOTES: u16 = 5_000;
    while door.write(move |session| Ok(session.imports().forget_ids(authors, NOTES)?))? > 0 {}
    Ok(())
}
