//! What happens to every request and response, whatever the route.

pub(super) mod client_address;
pub(super) mod cors;
pub(super) mod metrics;
pub(super) mod rate_limit;
pub(super) mod request_context;
pub(super) mod span;
pub(super) mod trace_context;
