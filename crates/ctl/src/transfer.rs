//! Code shared by the commands that move rows.

mod digest;
mod entity;
mod format;
mod member;
mod progress;
mod snapshot;
mod source;
mod store;
mod strict;

pub(crate) use digest::PrefixHasher;
pub(crate) use entity::sink::Sink;
pub(crate) use entity::{Columns, Rows, TABLES, Table, for_each_entity, size, write_json};
pub(crate) use format::Format;
pub(crate) use progress::{Progress, number};
pub(crate) use snapshot::{
    BatchSize, advance_id_sequences, last_ids, read_pages, read_rows, read_snapshot,
};
pub(crate) use source::{Read, Source};
pub(crate) use store::BlockingStore;
