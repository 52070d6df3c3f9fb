//! Builders for the OpenAPI document that know no resource. `resources::document` uses them to
//! describe entities, and `api_document` collects everything.
//!
//! Other handlers have `#[utoipa::path]` with their path, name, and groups of parameters and
//! responses; the doc comment is the summary and description of the operation.
//!
//! - [`schemas`]: schemas that resources have in common;
//! - [`parameters`]: parameters of paths, queries and headers;
//! - [`responses`]: responses of operations that succeed;
//! - [`refusals`]: problem documents, made from the table of their codes.

pub(crate) mod headers;
pub(crate) mod parameters;
pub(crate) mod refusals;
pub(crate) mod responses;
pub(crate) mod schemas;
