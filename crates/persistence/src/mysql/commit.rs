//! Committing on a server, and finding out what became of a commit whose answer was lost.

pub(super) mod attempt;
pub(super) mod cleanup;
