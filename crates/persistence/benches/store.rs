//! What the store on SQLite costs: the hand-over to its threads, statements, and
//! the group commit with its fsync.
//!
//! `cargo bench -p byline-persistence`; the file lies in `TMPDIR`, which must be on
//! a disk for the figures of the commits to mean anything.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use byline_application::{AppError, ListQuery, Session, Store, crud};
use byline_domain::policy::Principal;
use byline_domain::{
    Content, EmailAddress, PostFields, Timestamp, Title, UserFields, UserId, UserName,
};
use byline_persistence::{Database, DatabaseUrl, Options, migrations};
use divan::Bencher;
use divan::counter::ItemsCount;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

fn main() {
    divan::main();
}

/// Requests that wait at the same time.
const AT_ONCE: [usize; 3] = [1, 16, 64];

/// Nothing but the way to a thread with a session, and back.
#[divan::bench(args = AT_ONCE)]
fn hand_over(bencher: Bencher, at_once: usize) {
    let bench = Bench::new();
    bench.run(bencher, at_once, |store| async move {
        store.read(soon(), |_| Ok(())).await
    });
}

/// One row by its id.
#[divan::bench(args = AT_ONCE)]
fn read_a_user(bencher: Bencher, at_once: usize) {
    let bench = Bench::new();
    bench.run(bencher, at_once, |store| async move {
        let read = |session: &mut dyn Session| crud::read(session, &anyone(), author()).map(drop);
        store.read(soon(), read).await
    });
}

/// 50 rows by the primary key.
#[divan::bench(args = AT_ONCE)]
fn a_page_of_posts(bencher: Bencher, at_once: usize) {
    let bench = Bench::new();
    bench.run(bencher, at_once, |store| async move {
        let list = |session: &mut dyn Session| {
            let query = ListQuery::<PostFields>::default();
            crud::list(session, &anyone(), &query).map(drop)
        };
        store.read(soon(), list).await
    });
}

/// So many creates that wait together share a transaction and its fsync.
#[divan::bench(args = [1, 4, 16, 64, 256])]
fn durable_creates(bencher: Bencher, at_once: usize) {
    let bench = Bench::new();
    bench.run(bencher, at_once, |store| async move {
        store
            .create(soon(), move |session| create_user(session, &new_user()))
            .await
    });
}

/// A store on a file of its own, and a thread that waits for it.
struct Bench {
    database: Option<Database>,
    runtime: Runtime,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite(folder.path().join("byline.db"));
        migrations::migrate(&url).unwrap();
        let options = Options {
            pool_size: NonZeroUsize::new(4).unwrap(),
            queue_length: NonZeroUsize::new(1024).unwrap(),
        };
        let database = Database::open(&url, &options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let bench = Self {
            database: Some(database),
            runtime: { runtime }.build().unwrap(),
            _folder: folder,
        };
        bench.fill();
        bench
    }

    fn store(&self) -> Arc<dyn Store> {
        self.database.as_ref().unwrap().store()
    }

    fn fill(&self) {
        let store = self.store();
        let filled = store.write(soon(), |session| {
            create_user(session, &new_user())?;
            for number in 0..1_000 {
                let post = PostFields {
                    user_id: author(),
                    title: Title::parse(format!("Notes, part {number}")).unwrap(),
                    content: Content::parse("On the Analytical Engine. ".repeat(10)).unwrap(),
                };
                crud::create(session, &anyone(), &post, at())?;
            }
            Ok(())
        });
        self.runtime.block_on(filled).unwrap();
    }

    /// Times `work`, so many at once.
    fn run<F>(&self, bencher: Bencher<'_, '_>, at_once: usize, work: fn(Arc<dyn Store>) -> F)
    where
        F: Future<Output = Result<(), AppError>> + Send + 'static,
    {
        let store = self.store();
        bencher.counter(ItemsCount::new(at_once)).bench_local(|| {
            self.runtime.block_on(async {
                let mut waiting = JoinSet::new();
                for _ in 0..at_once {
                    waiting.spawn(work(Arc::clone(&store)));
                }
                for answer in waiting.join_all().await {
                    answer.unwrap();
                }
            });
        });
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(database) = self.database.take() {
            database.close();
        }
    }
}

fn create_user(session: &mut dyn Session, new: &UserFields) -> Result<(), AppError> {
    crud::create(session, &anyone(), new, at()).map(drop)
}

/// A user whom there has not been yet.
fn new_user() -> UserFields {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    UserFields {
        name: UserName::parse("Ada Lovelace".to_owned()).unwrap(),
        email: EmailAddress::parse(format!("ada.{number}@example.org")).unwrap(),
    }
}

fn author() -> UserId {
    UserId::try_from(1).unwrap()
}

fn anyone() -> Principal {
    Principal::unrestricted()
}

fn at() -> Timestamp {
    Timestamp::from_micros(1_795_341_600_123_456).unwrap()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}
