//! Builders for the OpenAPI document. They know no resource: what is about one stands
//! beside its handlers, and `api_document` collects all of it.
//!
//! A handler carries `#[utoipa::path]` with its path, its name and the groups of
//! parameters and responses that it has; its doc comment is the operation's
//! summary and description. The groups are here, by kind:
//!
//! - [`schemas`]: members that resources have in common, and bodies;
//! - [`parameters`]: of paths, queries and headers;
//! - [`responses`]: what operations answer when they succeed;
//! - [`refusals`]: problem documents, made from the table of their codes.

pub(crate) mod headers;
pub(crate) mod parameters;
pub(crate) mod refusals;
pub(crate) mod responses;
pub(crate) mod schemas;
