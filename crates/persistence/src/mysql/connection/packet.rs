//! The least size of statements and rows that the server has to accept.

use byline_domain::{Content, Title};

use super::error::ConnectError;
use super::variables::Variables;

/// The variable that limits both. A connection has the server's value.
pub(super) const VARIABLE: &str = "max_allowed_packet";

/// The most bytes in a statement that has more than one row: a small part of the
/// default of `max_allowed_packet`, which is 16 MiB or more.
pub(in crate::mysql) const MOST_BYTES: usize = 1 << 20;

/// The most bytes of a character in JSON, as `\u0001`. In UTF-8 it has fewer.
const JSON: usize = 6;

/// The room for a statement's text and its other parameters.
const REST: usize = 64 * 1024;

/// The size of the longest valid post in the answer to the request that created it
/// (which is stored with its idempotency key), or of the rows that an import inserts at
/// once. A post is smaller as a row, the rows of a page are sent one by one, and the
/// results of a batch are shorter than a post.
const NEEDED: usize = {
    let answer = JSON * (Content::MAX_CHARS + Title::MAX_CHARS);
    let longest = if answer > MOST_BYTES {
        answer
    } else {
        MOST_BYTES
    };
    longest + REST
};

/// Checks that the server refuses no valid request.
pub(super) fn check(found: &Variables) -> Result<(), ConnectError> {
    let limit = found.get(VARIABLE).and_then(|value| value.parse().ok());
    let needed = u64::try_from(NEEDED).unwrap_or(u64::MAX);
    match limit {
        Some(found) if found < needed => Err(ConnectError::SmallPackets { found, needed }),
        Some(_) | None => Ok(()),
    }
}
