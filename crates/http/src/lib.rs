#![doc = include_str!("../README.md")]

mod api;
mod list;
mod middleware;
mod request;
mod resources;
mod response;
mod service;

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;

mod openapi;

mod problem;

mod routes;

pub use api::{Api, Protection, Settings};
pub use middleware::client_address::{ForwardingHeader, TrustedProxies};
pub use middleware::cors::{CrossOrigin, cors};
pub use middleware::metrics::{HttpMetrics, RequestMetrics};
pub use middleware::rate_limit::RateLimit;
pub use middleware::request_context::request_context;
pub use openapi::openapi;
pub use request::base_url::{BaseUrl, InvalidBaseUrl};
pub use routes::{configure, configure_admin};
