//! `bylinectl seed`

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use byline_application::{AppError, Conflict, Session, Store, posts, users};
use byline_domain::Timestamp;
use byline_domain::policy::Principal;
use byline_persistence::{Database, DatabaseUrl, Options};

use crate::failure::Failure;

mod writer;

use writer::SeedWriter;

/// What to make up.
#[derive(Debug, clap::Args)]
pub(crate) struct SeedArgs {
    /// How many users.
    #[arg(long, value_name = "N")]
    users: u32,

    /// How many posts, spread over these users.
    #[arg(long, value_name = "N", default_value_t = 0)]
    posts: u32,

    /// Which users and posts: the same number makes the same ones, to the
    /// byte, in any empty database.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// Rows that are written in one transaction: enough to hide the cost of the
/// commit, few enough to let the requests of a running server in between.
const ROWS_PER_JOB: u32 = 500;

/// How long a transaction may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes the users and posts of `plan`, and tells how far it is.
///
/// # Errors
///
/// [`Failure::SeededBefore`] when the same plan was carried out before; what
/// was written until then stays.
pub(crate) fn run(url: &DatabaseUrl, plan: &SeedArgs) -> Result<(), Failure> {
    if plan.users == 0 && plan.posts > 0 {
        return Err(Failure::NoAuthors);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(Failure::System)?;
    let options = Options {
        pool_size: NonZeroUsize::MIN,
        queue_length: NonZeroUsize::MIN,
    };
    let database = Database::open(url, &options)?;
    let done = runtime.block_on(carry_out(plan, &*database.store()));
    database.close();
    done?;
    let SeedArgs { users, posts, seed } = plan;
    writeln!(
        io::stdout(),
        "wrote {users} users and {posts} posts of seed {seed} to {url}"
    )
    .map_err(Failure::Output)
}

async fn carry_out(plan: &SeedArgs, store: &dyn Store) -> Result<(), Failure> {
    let mut writer = SeedWriter::new(plan.seed);
    let mut authors = Vec::new();
    for (rows, done) in jobs(plan.users) {
        let new = writer.users(rows)?;
        let written = write(store, new, |session, (user, now)| {
            Ok(users::create(session, &Principal::unrestricted(), user, *now)?.id)
        });
        authors.extend(written.await.map_err(|error| refused(error, plan.seed))?);
        tell_progress("users", done, plan.users);
    }
    for (rows, done) in jobs(plan.posts) {
        let new = writer.posts(rows, &authors)?;
        let written = write(store, new, |session, (post, now)| {
            posts::create(session, &Principal::unrestricted(), post, *now).map(|_| ())
        });
        written.await?;
        tell_progress("posts", done, plan.posts);
    }
    Ok(())
}

/// Writes `rows` in one transaction, each by `create`.
async fn write<N, T>(
    store: &dyn Store,
    rows: Vec<(N, Timestamp)>,
    create: impl Fn(&mut dyn Session, &(N, Timestamp)) -> Result<T, AppError> + Send + 'static,
) -> Result<Vec<T>, AppError>
where
    N: Send + 'static,
    T: Send + 'static,
{
    store
        .write(Instant::now() + PATIENCE, move |session| {
            rows.iter().map(|row| create(session, row)).collect()
        })
        .await
}

/// The sizes of the jobs that make up `total`, each with how many rows there
/// are after it.
fn jobs(total: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..total.div_ceil(ROWS_PER_JOB)).map(move |job| {
        let before = job * ROWS_PER_JOB;
        let rows = ROWS_PER_JOB.min(total - before);
        (rows, before + rows)
    })
}

fn refused(error: AppError, seed: u64) -> Failure {
    match error {
        AppError::Conflict(Conflict::EmailTaken) => Failure::SeededBefore(seed),
        other => other.into(),
    }
}

/// About ten lines per kind of row.
fn tell_progress(what: &str, done: u32, total: u32) {
    let tenth = (total / 10).max(1);
    if done == total || done / tenth != done.saturating_sub(ROWS_PER_JOB) / tenth {
        // Progress that nobody sees is no reason to stop.
        drop(writeln!(io::stderr(), "{done} of {total} {what}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_cover_every_row_once() {
        assert_eq!(jobs(0).count(), 0);
        assert_eq!(jobs(1).collect::<Vec<_>>(), [(1, 1)]);
        assert_eq!(
            jobs(1_100).collect::<Vec<_>>(),
            [(500, 500), (500, 1_000), (100, 1_100)]
        );
        assert_eq!(
            jobs(u32::MAX).last(),
            Some((u32::MAX % ROWS_PER_JOB, u32::MAX))
        );
    }
}
