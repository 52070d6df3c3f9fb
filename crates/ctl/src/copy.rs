//! `bylinectl copy`

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use byline_application::import::{
    BatchOutcome, Checkpoint, ImportId, NewImport, Numbering, OnConflict, RowError, Rows, Step,
    Task,
};
use byline_application::{AppError, Clock as _, Digest, LastIds, Session};
use byline_domain::{PostId, UserId};
use byline_persistence::DatabaseUrl;

use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::files::Files;
use crate::transfer::{BlockingStore, Entity, Posts, Progress, Users, number};

mod proof;

/// From where to where.
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

/// Rows that are read at a time: few enough that as many of the longest posts
/// fit into memory a few times over.
const PAGE: u32 = 64;

/// The most rows that are stored in a transaction.
const MOST_ROWS: usize = 5_000;

/// The most bytes that are stored in a transaction, but for the last page.
const MOST_BYTES: usize = 4 << 20;

/// Copies, and proves it.
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
        let users = begin(&to, Rows::Users)?;
        let posts = begin(&to, Rows::Posts)?;
        let (sender, parts) = mpsc::sync_channel(2);
        let places = (users.1.bytes, posts.1.bytes);
        thread::scope(|scope| {
            let walk = scope.spawn(|| walk(&from, sender, places));
            let stored = store(&to, parts, users, posts, arguments.quiet);
            let walked = walk
                .join()
                .unwrap_or_else(|_| Err(AppError::internal("the thread that reads has panicked")));
            match (stored, walked) {
                (Err(failure), _) => Err(failure),
                (Ok(()), Err(error)) => Err(error.into()),
                (Ok(()), Ok(())) => Ok(()),
            }
        })?;
    }
    prove(&from, &to, arguments.quiet)
}

/// The copy into this database that was broken off, or a new one. A copy counts
/// ids where an import counts bytes.
fn begin(to: &BlockingStore, rows: Rows) -> Result<(ImportId, Checkpoint), Failure> {
    let mark = mark();
    let found = to.read(move |session| {
        let imports = session.imports().list(rows)?;
        let empty = match rows {
            Rows::Users => session.bulk().users_after(0, 1)?.is_empty(),
            Rows::Posts => session.bulk().posts_after(0, 1)?.is_empty(),
        };
        let earlier = imports
            .into_iter()
            .find(|import| import.position.digest == mark);
        Ok((earlier, empty))
    })?;
    match found {
        (Some(earlier), _) => Ok((earlier.id, earlier.position)),
        (None, false) => Err(Failure::NotEmpty),
        (None, true) => {
            let begun = NewImport {
                rows,
                numbering: Numbering::Kept,
                authors: None,
            };
            let now = SystemClock.now();
            let id = to.write(move |session| Ok(session.imports().begin(&begun, now)?))?;
            Ok((id, Checkpoint::START))
        }
    }
}

/// What tells a copy from imports of files.
fn mark() -> Digest {
    Digest::of(&[b"bylinectl copy"])
}

/// What the walk through the database hands out.
enum CopyMessage {
    Last(LastIds),
    Users(Vec<<Users as Entity>::Stored>),
    Posts(Vec<<Posts as Entity>::Stored>),
}

fn walk(
    from: &BlockingStore,
    sender: SyncSender<CopyMessage>,
    (users, posts): (u64, u64),
) -> Result<(), AppError> {
    // Taken by the first attempt: another one would see another moment.
    let sender = Mutex::new(Some(sender));
    from.walk(move |session| {
        let taken = sender.lock().ok().and_then(|mut sender| sender.take());
        let sender = taken.ok_or_else(|| AppError::internal(CopyInterrupted))?;
        let last = session.bulk().last_ids()?;
        if sender.send(CopyMessage::Last(last)).is_ok() {
            pages::<Users>(session, &sender, users, CopyMessage::Users)?;
            pages::<Posts>(session, &sender, posts, CopyMessage::Posts)?;
        }
        Ok(())
    })
}

#[derive(Debug, thiserror::Error)]
#[error("the connection to the database broke; run the command again")]
struct CopyInterrupted;

fn pages<E: Entity>(
    session: &mut dyn Session,
    sender: &SyncSender<CopyMessage>,
    after: u64,
    part: impl Fn(Vec<E::Stored>) -> CopyMessage,
) -> Result<(), AppError> {
    let mut after = i64::try_from(after).unwrap_or(i64::MAX);
    loop {
        let page = E::page(session, after, PAGE)?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = E::id(last);
        if sender.send(part(page)).is_err() {
            // Nobody stores any more; the reason is told there.
            return Ok(());
        }
    }
}

fn store(
    to: &BlockingStore,
    parts: Receiver<CopyMessage>,
    users: (ImportId, Checkpoint),
    posts: (ImportId, Checkpoint),
    quiet: bool,
) -> Result<(), Failure> {
    let mut last = LastIds::default();
    let mut users = CopyState::<Users>::new(to, users, quiet);
    let mut posts = CopyState::<Posts>::new(to, posts, quiet);
    for part in parts {
        match part {
            CopyMessage::Last(ids) => {
                check_room("users", ids.user, UserId::MAX_IMPORTED.get())?;
                check_room("posts", ids.post, PostId::MAX_IMPORTED.get())?;
                last = ids;
            }
            CopyMessage::Users(page) => users.take(page, last.user)?,
            CopyMessage::Posts(page) => {
                users.end()?;
                posts.take(page, last.post)?;
            }
        }
    }
    users.end()?;
    posts.end()?;
    to.write(move |session| Ok(session.bulk().advance_id_sequence(last)?))
}

/// Refuses a database that would leave the other few ids to give.
fn check_room(rows: &'static str, last: i64, most: i64) -> Result<(), Failure> {
    if last <= most {
        return Ok(());
    }
    let why = format!("the last id that was given is {last}, and must be at most {most}");
    Err(Failure::UsedUp(rows, why))
}

/// How far the copy of a table is.
struct CopyState<'a, E: Entity> {
    to: &'a BlockingStore,
    task: Task,
    position: Checkpoint,
    /// What is read and not stored yet, and where that ends.
    rows: Vec<E::Record>,
    bytes: usize,
    last: i64,
    progress: Option<Progress>,
    quiet: bool,
}

impl<'a, E: Entity> CopyState<'a, E> {
    fn new(to: &'a BlockingStore, (id, position): (ImportId, Checkpoint), quiet: bool) -> Self {
        Self {
            to,
            task: Task {
                id,
                numbering: Numbering::Kept,
                on_conflict: OnConflict::Fail,
                authors: None,
            },
            position,
            rows: Vec::new(),
            bytes: 0,
            last: 0,
            progress: None,
            quiet,
        }
    }

    /// Takes a page of rows, whose last there is has the id `total`.
    fn take(&mut self, page: Vec<E::Stored>, total: i64) -> Result<(), Failure> {
        let (begin, quiet) = (self.position.bytes, self.quiet);
        self.progress
            .get_or_insert_with(|| Progress::new(E::NAME, begin, total.try_into().ok(), quiet));
        self.last = page.last().map_or(self.last, E::id);
        let page = page.into_iter().map(Into::into);
        let before = self.rows.len();
        self.rows.extend(page);
        let added = self.rows.iter().skip(before);
        self.bytes += added.map(E::size).sum::<usize>();
        if self.rows.len() >= MOST_ROWS || self.bytes >= MOST_BYTES {
            self.store()?;
        }
        Ok(())
    }

    /// Stores what is left.
    fn end(&mut self) -> Result<(), Failure> {
        if !self.rows.is_empty() {
            self.store()?;
        }
        self.progress = None;
        Ok(())
    }

    fn store(&mut self) -> Result<(), Failure> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let count = u64::try_from(rows.len()).unwrap_or_default();
        let position = Checkpoint {
            bytes: u64::try_from(self.last).unwrap_or_default(),
            lines: self.position.lines + count,
            digest: mark(),
        };
        let step = Step {
            from: self.position.bytes,
            to: position,
            now: SystemClock.now(),
        };
        let task = self.task;
        let outcome = self
            .to
            .write(move |session| E::import(session, &task, &rows, &step))?;
        match outcome {
            BatchOutcome::Stored(_) | BatchOutcome::Known => {}
            BatchOutcome::Refused(refused) => {
                let first = refused.first().map(|(_, refusal)| *refusal);
                let why = first.map(|refusal| refusal.to_string());
                let failure = match first {
                    Some(RowError::VersionTooHigh) => Failure::UsedUp,
                    _ => Failure::NoPlace,
                };
                return Err(failure(E::NAME, why.unwrap_or_default()));
            }
            BatchOutcome::Elsewhere => return Err(Failure::CopiedElsewhere),
        }
        self.position = position;
        if let Some(progress) = &mut self.progress {
            progress.advance(position.bytes, count);
        }
        Ok(())
    }
}

/// Compares the databases, range by range.
fn prove(from: &BlockingStore, to: &BlockingStore, quiet: bool) -> Result<(), Failure> {
    let mut differing = 0;
    let mut output = io::stdout().lock();
    for kind in [proof::compare::<Users>, proof::compare::<Posts>] {
        let compared = kind(from, to, quiet)?;
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
