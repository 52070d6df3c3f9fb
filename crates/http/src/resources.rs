//! The operations on users and posts.

pub(super) mod batch;
pub(super) mod me;
pub(super) mod posts;
pub(super) mod users;
pub(super) mod write;
