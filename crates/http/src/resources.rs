//! The operations on users and posts, and batches of them.

pub(super) mod batch;
pub(super) mod crud;
mod declare;
pub(super) mod document;
pub(super) mod me;
pub(super) mod posts;
pub(super) mod users;
pub(super) mod write;

/// Calls a generic function for each entity, parents before their children.
macro_rules! for_each_entity {
    ($function:ident($($argument:expr),*)) => {{
        $function::<byline_domain::UserFields>($($argument),*);
        $function::<byline_domain::PostFields>($($argument),*);
    }};
}
pub(crate) use for_each_entity;
