//! What applies to every request and response, on any route.

pub(super) mod cors;
pub(super) mod request_context;
pub(super) mod span;
pub(super) mod trace_context;
