#![doc = include_str!("../README.md")]

mod api;
mod api_document;
mod dispatch;
mod list;
mod middleware;
mod openapi;
mod operations;
mod problem;
mod request;
mod resource;
mod resources;
mod response;
mod routes;
mod service;

#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;

pub use api::base_url::{BaseUrl, InvalidBaseUrl};
pub use api::client_address::{ForwardingHeader, TrustedProxies};
pub use api::metrics::{HttpMetrics, RequestMetrics};
pub use api::rate_limit::RateLimit;
pub use api::{Api, Protection, Settings};
pub use api_document::openapi;
pub use middleware::cors::{CrossOrigin, cors};
pub use middleware::request_context::request_context;
pub use routes::{configure, configure_admin};
