//! The operations on users and posts, and batches of them.

pub(super) mod batch;
pub(super) mod crud;
mod declare;
pub(super) mod document;
pub(super) mod me;
pub(super) mod posts;
pub(super) mod users;
pub(super) mod write;
