//! The REST interface against stores without a database.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod base_url;
mod batch;
mod bodies;
mod caching;
mod conditions;
mod cross_origin;
mod deadlines;
mod docs;
mod failures;
mod grammar;
mod health;
mod keys;
mod lists;
mod logs;
mod methods;
mod negotiation;
mod posts;
mod preferences;
mod problem_pages;
mod request_context;
mod support;
mod tokens;
mod users;
mod wire;
