//! Lists: what the query of a list may say, and the links between its pages.

pub(super) mod cursor;
pub(super) mod filter;
pub(super) mod page_links;
pub(super) mod request;
pub(super) mod sort;
