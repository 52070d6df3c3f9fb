use std::num::NonZeroUsize;

/// How much a store may do at once and keep waiting.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Threads that work at the same time, each with a connection of its own.
    /// SQLite has one more, which writes.
    pub pool_size: NonZeroUsize,
    /// Jobs that may wait for a thread, reading and writing counted apart.
    pub queue_length: NonZeroUsize,
}
