use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::metrics::StoreMetrics;
use crate::{AppError, Cause, Session};

mod job_options;

pub use job_options::{JobOptions, JobTimes, JobTiming};

/// A store: runs jobs in sessions, on threads of its own.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Store: Send + Sync {
    /// Queues `job` and returns at once.
    ///
    /// The job runs in a session of its own, which is committed or undone as `intent` says, and
    /// undone if [`Job::run`] fails. A job that fails with [`AppError::Contention`] is run again
    /// from the start, in a new session, a few times; then it ends with
    /// [`Unavailable::Contention`]. A job whose `deadline` passes while it is queued is not run
    /// and ends with [`Unavailable::DeadlinePassed`]. If the queue is full, the job ends with
    /// [`Unavailable::QueueFull`] before this method returns.
    ///
    /// [`Job::finish`] is called exactly once, after committed changes are durable.
    ///
    /// [`Unavailable::Contention`]: crate::Unavailable::Contention
    /// [`Unavailable::DeadlinePassed`]: crate::Unavailable::DeadlinePassed
    /// [`Unavailable::QueueFull`]: crate::Unavailable::QueueFull
    fn submit(&self, intent: Intent, deadline: Instant, job: Box<dyn Job>);

    /// Returns the state of the store when it was last checked. Never waits for the database.
    fn health(&self) -> Health;

    /// Returns the counters of the store; zeros if it keeps none. Never waits for the database.
    fn metrics(&self) -> StoreMetrics {
        StoreMetrics::default()
    }
}

/// The purpose of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Reads with a single statement. Each of several statements would see what is committed
    /// when it runs.
    Read,
    /// Reads with several statements that see the same snapshot.
    Snapshot,
    /// Inserts one row by one statement and changes nothing else: a second change fails. The
    /// statement may commit by itself, which saves a database server the transaction, so the
    /// job must not fail after it.
    Create,
    /// Changes rows; committed if the job succeeds.
    Write,
    /// Tries out a change; always undone.
    DryRun,
}

/// Work that needs a session. Not generic, so that stores can queue it.
pub trait Job: Send {
    /// Does the work. May be called again after a lost conflict, and then starts from the
    /// beginning.
    ///
    /// # Errors
    ///
    /// Those of the work, whose changes are undone.
    fn run(&mut self, session: &mut dyn Session) -> Result<(), AppError>;

    /// Records how long the job took. Called at most once, before [`finish`](Self::finish), by
    /// stores that measure it.
    fn record_timing(&mut self, _: JobTiming) {}

    /// Passes the result of the session to the caller that waits for it. Called once.
    fn finish(self: Box<Self>, result: Result<(), AppError>);
}

/// The state of a store.
#[derive(Clone, Debug)]
pub struct Health {
    /// Whether it can serve.
    pub readiness: Readiness,
    /// The newest release whose migrations the database has.
    pub release: Option<Release>,
    /// The servers of the database in the order of the configuration; empty for a database
    /// without servers.
    pub servers: Vec<ServerHealth>,
}

/// The state of one server of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerHealth {
    /// It reads and writes.
    Ready,
    /// It reads.
    ReadOnly,
    /// It cannot be reached, or refuses all statements.
    Away,
}

/// Whether a store can serve.
#[derive(Clone, Debug)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It can read; its database accepts no writes at present.
    ReadOnly,
    /// It cannot reach its database, or the database refuses all statements.
    Unreachable(Cause),
    /// The database's schema is not the one that this program needs.
    WrongSchema,
    /// One of its threads has ended and was not restarted yet.
    ThreadMissing,
    /// It is shutting down.
    ShuttingDown,
}

/// A released version of the program and the schema that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The program's version, such as `0.1.0`.
    pub version: String,
    /// The newest migration of that version, such as `20261123000000`.
    pub schema: String,
}

/// Declares methods that run `work` in a session with this intent.
macro_rules! typed_methods {
    ($($(#[$doc:meta])* $method:ident: $intent:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// Those of `run`.
        pub async fn $method<T: Send + 'static>(
            &self,
            options: impl Into<JobOptions>,
            work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
        ) -> Result<T, AppError> {
            self.run(Intent::$intent, options, work).await
        }
    )*};
}

/// The typed methods of a store.
impl dyn Store + '_ {
    typed_methods! {
        /// Reads with one statement; see [`Intent::Read`].
        read: Read;
        /// Reads with several statements that see the same snapshot; see [`Intent::Snapshot`].
        snapshot: Snapshot;
        /// Inserts one row and changes nothing else; see [`Intent::Create`].
        create: Create;
        /// Changes rows; see [`Intent::Write`].
        write: Write;
        /// Tries out a change; see [`Intent::DryRun`].
        dry_run: DryRun;
    }

    /// Runs `work` in a session and returns its value once the session was ended successfully.
    /// `work` is `Fn`, since it may run again from the start.
    ///
    /// # Errors
    ///
    /// Those of `work`, and those of [`Store::submit`].
    pub async fn run<T: Send + 'static>(
        &self,
        intent: Intent,
        options: impl Into<JobOptions>,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let JobOptions { deadline, times } = options.into();
        let (sender, receiver) = oneshot::channel();
        let job = TypedJob {
            work,
            value: None,
            sender,
            times,
        };
        self.submit(intent, deadline, Box::new(job));
        receiver
            .await
            .unwrap_or_else(|_| Err(AppError::internal("the store dropped a job unfinished")))
    }
}

struct TypedJob<T, F> {
    work: F,
    value: Option<T>,
    sender: oneshot::Sender<Result<T, AppError>>,
    times: Option<Arc<JobTimes>>,
}

impl<T, F> Job for TypedJob<T, F>
where
    T: Send,
    F: Fn(&mut dyn Session) -> Result<T, AppError> + Send,
{
    fn run(&mut self, session: &mut dyn Session) -> Result<(), AppError> {
        self.value = None;
        self.value = Some((self.work)(session)?);
        Ok(())
    }

    fn record_timing(&mut self, timing: JobTiming) {
        if let Some(times) = &self.times {
            times.add(timing);
        }
    }

    fn finish(self: Box<Self>, result: Result<(), AppError>) {
        let Self { value, sender, .. } = *self;
        let result = result.and_then(|()| {
            value.ok_or_else(|| AppError::internal("the store finished a job that it never ran"))
        });
        // The caller may have stopped waiting; the session has ended all the same.
        drop(sender.send(result));
    }
}

#[cfg(test)]
mod tests;
