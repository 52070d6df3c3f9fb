//! Lists along an index, for every table and engine.

pub(super) mod index;
pub(super) mod keyset;
pub(super) mod scan;
