//! `bylinectl export`

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use byline_application::{AppError, LastIds, Session};
use byline_persistence::DatabaseUrl;

use crate::failure::Failure;
use crate::files::{Files, Output, Replaces, is_stream};
use crate::transfer::{BlockingStore, Entity, Format, Posts, Progress, Sink, Users, number};

/// What to export, and where to.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExportArgs {
    /// The file for the users; `-` is standard output.
    #[arg(long, value_name = "FILE", required_unless_present = "posts")]
    users: Option<PathBuf>,

    /// The file for the posts; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    posts: Option<PathBuf>,

    /// How the rows are written; by default as the file's name says.
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Replace regular files that exist. A database is never replaced.
    #[arg(long)]
    force: bool,

    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Users and posts are those of one moment, also while the service runs. Every member of a row is
written, the version too; idempotency keys are not.

Examples:
  bylinectl export --users users.ndjson --posts posts.ndjson
  bylinectl export --users users.csv
  bylinectl export --posts - | jq .title";

/// Rows that are read at a time: few enough that as many of the longest posts
/// fit into memory a few times over.
const PAGE: u32 = 64;

/// What the walk through the database hands out.
enum ExportMessage {
    Last(LastIds),
    Users(Vec<<Users as Entity>::Stored>),
    Posts(Vec<<Posts as Entity>::Stored>),
    /// All rows were handed out. A walk that fails ends without it.
    Complete,
}

/// Writes all rows to the files.
///
/// # Errors
///
/// What [`Files::output`] refuses, [`Failure::UnknownFormat`], [`Failure::Database`],
/// [`Failure::Refused`], [`Failure::Write`].
pub(crate) fn run(
    url: &DatabaseUrl,
    mut files: Files,
    arguments: &ExportArgs,
) -> Result<(), Failure> {
    let users = named(arguments.users.as_ref(), arguments, &mut files)?;
    let posts = named(arguments.posts.as_ref(), arguments, &mut files)?;
    let door = BlockingStore::open_to_read(url)?;
    let users = users.map(Sink::create::<Users>).transpose()?;
    let posts = posts.map(Sink::create::<Posts>).transpose()?;
    let (sender, parts) = mpsc::sync_channel(2);
    let (with_users, with_posts) = (users.is_some(), posts.is_some());
    let told = thread::scope(|scope| {
        let walk = scope.spawn(|| walk(&door, sender, with_users, with_posts));
        let written = write(parts, users, posts, arguments.quiet);
        // A walk whose receiver is gone ends by itself.
        let walked = walk.join().unwrap_or_else(|_| Err(panicked()));
        match (written, walked) {
            (Err(failure), _) => Err(failure),
            (Ok(_), Err(error)) => Err(error.into()),
            (Ok(told), Ok(())) => Ok(told),
        }
    })?;
    let mut output = io::stderr().lock();
    for line in told {
        writeln!(output, "{line}").map_err(Failure::Output)?;
    }
    Ok(())
}

/// A file that rows are written to, and how.
fn named(
    path: Option<&PathBuf>,
    arguments: &ExportArgs,
    files: &mut Files,
) -> Result<Option<(Output, Format)>, Failure> {
    let replaces = if arguments.force {
        Replaces::Text
    } else {
        Replaces::Nothing
    };
    path.map(|path| {
        let output = files.output(path, replaces)?;
        Ok((output, Format::of(path, arguments.format, is_stream(path))?))
    })
    .transpose()
}

/// Hands out all rows, as they are at one moment.
fn walk(
    door: &BlockingStore,
    sender: SyncSender<ExportMessage>,
    users: bool,
    posts: bool,
) -> Result<(), AppError> {
    // Taken by the first attempt: what it handed out cannot be taken back.
    let sender = Mutex::new(Some(sender));
    door.walk(move |session| {
        let taken = sender.lock().ok().and_then(|mut sender| sender.take());
        let sender = taken.ok_or_else(|| AppError::internal(ExportInterrupted))?;
        let last = session.bulk().last_ids()?;
        if sender.send(ExportMessage::Last(last)).is_err() {
            return Ok(());
        }
        if users {
            pages::<Users>(session, &sender, ExportMessage::Users)?;
        }
        if posts {
            pages::<Posts>(session, &sender, ExportMessage::Posts)?;
        }
        // If no one writes any more, the reason is told there.
        drop(sender.send(ExportMessage::Complete));
        Ok(())
    })
}

#[derive(Debug, thiserror::Error)]
#[error("the connection to the database broke; run the command again")]
struct ExportInterrupted;

fn panicked() -> AppError {
    AppError::internal("the thread that reads has panicked")
}

fn pages<E: Entity>(
    session: &mut dyn Session,
    sender: &SyncSender<ExportMessage>,
    part: impl Fn(Vec<E::Stored>) -> ExportMessage,
) -> Result<(), AppError> {
    let mut after = 0;
    loop {
        let page = E::page(session, after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = E::id(last);
        if sender.send(part(page)).is_err() {
            // Nobody writes any more; the reason is told there.
            return Ok(());
        }
    }
}

/// Writes what is handed out; returns what is to be told in the end. The files get
/// their names only once all rows are in them.
fn write(
    parts: Receiver<ExportMessage>,
    mut users: Option<Sink>,
    mut posts: Option<Sink>,
    quiet: bool,
) -> Result<Vec<String>, Failure> {
    let mut last = LastIds::default();
    let mut progress: Option<Progress> = None;
    let (mut user_rows, mut post_rows) = (0, 0);
    let mut writing_posts = false;
    let mut is_complete = false;
    for part in parts {
        match part {
            ExportMessage::Complete => is_complete = true,
            ExportMessage::Last(ids) => last = ids,
            ExportMessage::Users(page) => {
                let progress = progress
                    .get_or_insert_with(|| Progress::new("users", 0, total(last.user), quiet));
                user_rows += put::<Users>(&page, users.as_mut(), progress)?;
            }
            ExportMessage::Posts(page) => {
                if !writing_posts {
                    writing_posts = true;
                    progress = None;
                }
                let progress = progress
                    .get_or_insert_with(|| Progress::new("posts", 0, total(last.post), quiet));
                post_rows += put::<Posts>(&page, posts.as_mut(), progress)?;
            }
        }
    }
    drop(progress);
    let mut told = Vec::new();
    if !is_complete {
        return Ok(told);
    }
    for (sink, rows, what) in [(users, user_rows, "users"), (posts, post_rows, "posts")] {
        if let Some(sink) = sink {
            let path = sink.path().display().to_string();
            sink.finish()?;
            if !quiet && path != "-" {
                told.push(format!("wrote {} {what} to {path}", number(rows)));
            }
        }
    }
    Ok(told)
}

fn put<E: Entity>(
    page: &[E::Stored],
    sink: Option<&mut Sink>,
    progress: &mut Progress,
) -> Result<u64, Failure> {
    let rows = u64::try_from(page.len()).unwrap_or_default();
    if let Some(sink) = sink {
        for row in page {
            sink.write::<E>(row)?;
        }
    }
    let at = page.last().map_or(0, E::id);
    progress.advance(u64::try_from(at).unwrap_or_default(), rows);
    Ok(rows)
}

fn total(last: i64) -> Option<u64> {
    u64::try_from(last).ok()
}
