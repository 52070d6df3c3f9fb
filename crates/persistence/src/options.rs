use std::num::NonZeroUsize;

/// The limits of a store.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads that run jobs, each with its own connection. SQLite has one more, which
    /// writes.
    pub pool_size: NonZeroUsize,
    /// Jobs that may wait for a thread; reads and writes are counted apart.
    pub queue_length: NonZeroUsize,
}
