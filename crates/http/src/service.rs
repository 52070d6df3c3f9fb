//! What the service says about itself: health, documents, and the pages of problems.

pub(super) mod docs;
pub(super) mod document;
pub(super) mod health;
pub(crate) mod problem_pages;
