#![doc = include_str!("../README.md")]

mod accept;
mod answer;
mod api;
mod batch;
mod body;
mod call;
mod canonical;
mod cursor;
mod docs;
mod envelope;
mod etag;
mod fields;
mod filters;
mod health;
mod html;
mod idempotency_key;
mod metrics;
mod openapi;
mod outcome;
mod paging;
mod posts;
mod prefer;
mod problem;
mod query;
mod request_id;
mod routes;
mod service_document;
mod sort;
mod time;
mod users;
mod write;

pub use api::{Api, Settings};
pub use envelope::envelope;
pub use metrics::{HttpMetrics, RequestMetrics};
pub use openapi::openapi;
pub use routes::{configure, configure_admin};
