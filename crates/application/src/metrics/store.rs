use super::Distribution;

/// What a store has done since it was opened, and how it is. Times are in
/// nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct StoreMetrics {
    /// What it works on, such as `sqlite`; empty for a store that counts
    /// nothing.
    pub engine: &'static str,
    /// Its queues, each with the work that came through it.
    pub lanes: Vec<QueueMetrics>,
    /// Its threads, by what they do.
    pub threads: Vec<ThreadMetrics>,
    /// Its connections.
    pub pool: PoolMetrics,
    /// Attempts at jobs that were made once more.
    pub retries: Retries,
    /// How many jobs each commit made durable. Empty for an engine that
    /// commits each job by itself.
    pub groups: Distribution,
    /// How long each commit took.
    pub commits: Distribution,
    /// The files of an embedded database.
    pub files: Option<FileSizes>,
}

/// A queue and the jobs that came through it.
#[derive(Clone, Debug, Default)]
pub struct QueueMetrics {
    /// What its jobs do, `read` or `write`.
    pub name: &'static str,
    /// Jobs that wait for a thread now.
    pub waiting: u64,
    /// Jobs that may wait.
    pub capacity: u64,
    /// Jobs that were refused because the queue was full.
    pub refused_full: u64,
    /// Jobs that were refused because the store was closing.
    pub refused_closing: u64,
    /// Jobs that were not run because their deadline had passed.
    pub expired: u64,
    /// How long jobs waited for a thread.
    pub waits: Distribution,
    /// How long jobs took from there to their end, the commit included.
    pub runs: Distribution,
}

/// The threads of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadMetrics {
    /// What they do, such as `reader`.
    pub role: &'static str,
    /// How many there are.
    pub total: u64,
    /// How many work on a job now.
    pub busy: u64,
    /// How many have ended by a panic and do not run again yet.
    pub missing: u64,
    /// How often one was started again after a panic.
    pub restarts: u64,
}

/// A pool of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolMetrics {
    /// Connections that may be open.
    pub capacity: u64,
    /// Connections that are open.
    pub open: u64,
    /// Of these, those that no thread holds.
    pub idle: u64,
    /// How often a thread got no connection.
    pub failures: u64,
}

/// Attempts that had to be made once more, by what became of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// It lost against another transaction.
    pub contention: u64,
    /// Its connection broke before it was committed.
    pub connection: u64,
    /// Whether it was committed is unknown.
    pub outcome_unknown: u64,
}

/// The sizes of an embedded database's files, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileSizes {
    /// The database itself.
    pub database: u64,
    /// Its write-ahead log.
    pub wal: u64,
}
