//! How large the server has to let a statement and a row be.

use std::collections::HashMap;

use byline_domain::{Content, Title};

use crate::mysql::connection::error::ConnectError;

/// The variable that limits both. A connection has the server's value.
pub(in crate::mysql) const VARIABLE: &str = "max_allowed_packet";

/// The most bytes in a statement that has more than one row: a small part of
/// the 16 MiB that `max_allowed_packet` is at least by default.
pub(in crate::mysql) const MOST_BYTES: usize = 1 << 20;

/// The most bytes of a character in UTF-8.
const UTF8: usize = 4;

/// The most bytes of a character in JSON, as `\u0001`.
const JSON: usize = 6;

/// A statement's other parameters and its text, or a row's other columns; and
/// the numbers, times and names in a stored answer.
const REST: usize = 64 * 1024;

/// What the longest legal post needs as a row, as the answer to the request
/// that created it (kept with its idempotency key), and what the rows of an
/// import need that are inserted at once. The rows of a page are sent one by
/// one, and the results of a batch are shorter than a post.
const NEEDED: usize = {
    let row = UTF8 * (Content::MAX_CHARS + Title::MAX_CHARS);
    let answer = JSON * (Content::MAX_CHARS + Title::MAX_CHARS);
    let rows = MOST_BYTES;
    max(max(row, answer), rows) + REST
};

const fn max(one: usize, other: usize) -> usize {
    if one > other { one } else { other }
}

/// # Errors
///
/// [`ConnectError::SmallPackets`] for a server that would refuse something
/// legal.
pub(in crate::mysql) fn check(found: &HashMap<String, String>) -> Result<(), ConnectError> {
    let limit = found.get(VARIABLE).and_then(|value| value.parse().ok());
    let needed = u64::try_from(NEEDED).unwrap_or(u64::MAX);
    match limit {
        Some(limit) if limit < needed => Err(ConnectError::SmallPackets {
            found: limit,
            needed,
        }),
        Some(_) | None => Ok(()),
    }
}
