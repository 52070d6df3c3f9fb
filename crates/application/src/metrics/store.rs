use super::Distribution;

/// Counters of a store since it was opened, and its current state. Times are in
/// nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct StoreMetrics {
    /// The database engine, such as `sqlite`; empty for a store that counts nothing.
    pub engine: &'static str,
    /// The queues, each with the jobs that passed through it.
    pub queues: Vec<QueueMetrics>,
    /// The threads by role.
    pub threads: Vec<ThreadMetrics>,
    /// The connections.
    pub pool: PoolMetrics,
    /// Repeated attempts at jobs.
    pub retries: Retries,
    /// The number of jobs that each commit made durable. Empty for an engine that
    /// commits each job separately.
    pub groups: Distribution,
    /// The time that each commit took.
    pub commits: Distribution,
    /// The file sizes of an embedded database.
    pub files: Option<FileSizes>,
}

/// A queue and the jobs that passed through it.
#[derive(Clone, Debug, Default)]
pub struct QueueMetrics {
    /// The kind of its jobs, `read` or `write`.
    pub name: &'static str,
    /// Jobs that are waiting for a thread.
    pub waiting: u64,
    /// Jobs that may wait.
    pub capacity: u64,
    /// Jobs that were refused because the queue was full.
    pub refused_full: u64,
    /// Jobs that were refused because the store was closing.
    pub refused_closing: u64,
    /// Jobs that were not run because their deadline had passed.
    pub expired: u64,
    /// The time that jobs waited for a thread.
    pub waits: Distribution,
    /// The time that threads worked on jobs, including the commit.
    pub runs: Distribution,
}

/// The threads with the same role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadMetrics {
    /// Their role, such as `reader`.
    pub role: &'static str,
    /// The number of threads.
    pub total: u64,
    /// Threads that are working on a job.
    pub busy: u64,
    /// Threads that have panicked and are not restarted yet.
    pub missing: u64,
    /// Restarts after a panic.
    pub restarts: u64,
}

/// A pool of connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolMetrics {
    /// Connections that may be open.
    pub capacity: u64,
    /// Connections that are open.
    pub open: u64,
    /// Open connections that no thread holds.
    pub idle: u64,
    /// Failed attempts of threads to get a connection.
    pub failures: u64,
}

/// Repeated attempts, by the failure of the attempt before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retries {
    /// It conflicted with another transaction.
    pub contention: u64,
    /// Its connection was lost before the commit.
    pub connection: u64,
    /// The outcome of its commit is unknown.
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
