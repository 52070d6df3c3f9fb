//! Reading a request: headers, query, path and body, each into a type of its own.

pub(super) mod accept;
pub(super) mod authenticate;
pub(super) mod body;
pub(super) mod context;
pub(super) mod fingerprint;
pub(super) mod header_list;
pub(super) mod idempotency_key;
pub(super) mod json_object;
pub(super) mod preconditions;
pub(super) mod prefer;
pub(super) mod query;
pub(super) mod request_id;
pub(super) mod request_meta;
pub(super) mod weak_tag;
pub(super) mod write_options;
