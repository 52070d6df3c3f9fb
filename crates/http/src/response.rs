//! Writing a response: bodies, entity tags, and responses that are stored to be replayed.

pub(super) mod html;
pub(super) mod representation;
pub(super) mod stored_response;
pub(super) mod time;
