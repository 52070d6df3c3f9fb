use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::metrics::StoreMetrics;
use crate::{AppError, Cause, Session};

mod order;

pub use order::{JobOptions, JobTimes, JobTiming};

/// Runs work in sessions, on threads of its own.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait Store: Send + Sync {
    /// Takes up `job` and returns at once.
    ///
    /// The job is run in a session of its own that is ended as `intent` says,
    /// and undone whenever [`Job::run`] fails. A job that fails with
    /// [`AppError::Contention`] is run again from the start, in a new session,
    /// a few times; then it ends with [`Unavailable::Contention`]. A job whose
    /// `deadline` has passed before its turn comes is not run, and ends with
    /// [`Unavailable::DeadlinePassed`]; one that finds no place in the queue
    /// ends with [`Unavailable::QueueFull`] before this method returns.
    ///
    /// [`Job::finish`] is called exactly once, and for a job whose changes were
    /// committed only after they are durable.
    ///
    /// [`Unavailable::Contention`]: crate::Unavailable::Contention
    /// [`Unavailable::DeadlinePassed`]: crate::Unavailable::DeadlinePassed
    /// [`Unavailable::QueueFull`]: crate::Unavailable::QueueFull
    fn submit(&self, intent: Intent, deadline: Instant, job: Box<dyn Job>);

    /// How the store is, as last seen. Never waits, whatever the database does.
    fn health(&self) -> Health;

    /// What the store has done and is doing. Never waits for the database. A
    /// store need not count.
    fn metrics(&self) -> StoreMetrics {
        StoreMetrics::default()
    }
}

/// What a session is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To read with a single statement. Several would each see what is
    /// committed when they run.
    Read,
    /// To read with several statements that all see the same moment.
    Snapshot,
    /// To insert one row, by one statement, and change nothing else: a second
    /// change fails. The statement may commit by itself, so nothing may go
    /// wrong in the job after it. Spares a database server the transaction.
    Create,
    /// To change; committed when the job succeeds.
    Write,
    /// To try out a change; always undone.
    DryRun,
}

/// Work waiting for a session. Not generic, so that stores can queue it.
pub trait Job: Send {
    /// Does the work. May be called again after a lost conflict, and starts
    /// from scratch then.
    ///
    /// # Errors
    ///
    /// Whatever the work fails with; its changes are undone.
    fn run(&mut self, session: &mut dyn Session) -> Result<(), AppError>;

    /// Takes note of where its time went. Called at most once, before
    /// [`finish`](Self::finish), by stores that look at the clock.
    fn record_timing(&mut self, _: JobTiming) {}

    /// Tells whoever waits how the session ended. Called once.
    fn finish(self: Box<Self>, ending: Result<(), AppError>);
}

/// How a store is.
#[derive(Clone, Debug)]
pub struct Health {
    /// Whether it can serve.
    pub readiness: Readiness,
    /// The newest release whose migrations the database has.
    pub release: Option<Release>,
    /// The database's servers in the order in which they were named; none for
    /// a database that has no server.
    pub servers: Vec<ServerHealth>,
}

/// How one server of a database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerHealth {
    /// It reads and writes.
    Ready,
    /// It reads.
    ReadOnly,
    /// It cannot be reached, or does nothing at present.
    Away,
}

/// Whether a store can serve.
#[derive(Clone, Debug)]
pub enum Readiness {
    /// It can.
    Ready,
    /// It can read; its database takes no writes at present.
    ReadOnly,
    /// It cannot reach its database, or the database refuses to work.
    Unreachable(Cause),
    /// The database's schema is not the one that this program needs.
    WrongSchema,
    /// A thread of it has ended and does not run again yet.
    ThreadMissing,
    /// It is ending.
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

/// The typed door to a store. Each method runs `work` in a session and gives
/// its value once the session has ended well. `work` is `Fn`: it may run again
/// from the start.
///
/// # Errors
///
/// Whatever `work` fails with, and whatever [`Store::submit`] names.
impl dyn Store + '_ {
    /// Reads with one statement; see [`Intent::Read`].
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn read<T: Send + 'static>(
        &self,
        order: impl Into<JobOptions>,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.run(Intent::Read, order.into(), work).await
    }

    /// Reads with several statements that see the same moment; see
    /// [`Intent::Snapshot`].
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn snapshot<T: Send + 'static>(
        &self,
        order: impl Into<JobOptions>,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.run(Intent::Snapshot, order.into(), work).await
    }

    /// Inserts one row and changes nothing else; see [`Intent::Create`].
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn create<T: Send + 'static>(
        &self,
        order: impl Into<JobOptions>,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.run(Intent::Create, order.into(), work).await
    }

    /// Changes; see [`Intent::Write`].
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn write<T: Send + 'static>(
        &self,
        order: impl Into<JobOptions>,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.run(Intent::Write, order.into(), work).await
    }

    /// Tries out a change; see [`Intent::DryRun`].
    ///
    /// # Errors
    ///
    /// See above.
    pub async fn dry_run<T: Send + 'static>(
        &self,
        order: impl Into<JobOptions>,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        self.run(Intent::DryRun, order.into(), work).await
    }

    async fn run<T: Send + 'static>(
        &self,
        intent: Intent,
        JobOptions { deadline, times }: JobOptions,
        work: impl Fn(&mut dyn Session) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let (sender, answer) = oneshot::channel();
        let job = TypedJob {
            work,
            value: None,
            sender,
            times,
        };
        self.submit(intent, deadline, Box::new(job));
        answer
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

    fn record_timing(&mut self, spent: JobTiming) {
        if let Some(times) = &self.times {
            times.add(spent);
        }
    }

    fn finish(self: Box<Self>, ending: Result<(), AppError>) {
        let Self { value, sender, .. } = *self;
        let answer = ending.and_then(|()| {
            value.ok_or_else(|| AppError::internal("the store finished a job that it never ran"))
        });
        // Whoever waited may have given up; the session has ended all the same.
        drop(sender.send(answer));
    }
}

#[cfg(test)]
mod tests;
