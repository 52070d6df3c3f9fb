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
    (@ $function:ident $arguments:tt $($variant:ident $entity:ident,)+) => {{
        $($function::<byline_domain::$entity> $arguments;)+
    }};
    ($function:ident($($argument:expr),*)) => {
        byline_domain::entities!(for_each_entity! @ $function ($($argument),*))
    };
}
pub(crate) use for_each_entity;
