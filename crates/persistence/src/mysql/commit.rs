//! Commits on a server, and resolves commits whose answer was lost.

pub(super) mod attempt;
pub(super) mod cleanup;
