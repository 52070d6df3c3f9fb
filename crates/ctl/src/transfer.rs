//! What the commands share that move rows.

mod digest;
mod door;
mod entity;
mod format;
mod line;
mod progress;
mod sink;
mod source;
mod strict;

pub(crate) use digest::PrefixHasher;
pub(crate) use door::BlockingStore;
pub(crate) use entity::{Entity, Posts, Users};
pub(crate) use format::Format;
pub(crate) use progress::{Progress, number};
pub(crate) use sink::Sink;
pub(crate) use source::{Item, Read, Source};
