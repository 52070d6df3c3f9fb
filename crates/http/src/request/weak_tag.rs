use std::fmt::Write as _;
use std::hash::Hasher;

use actix_web::http::header::HeaderValue;
use fnv::FnvHasher;

/// The entity tag of an answer that is not one row: of a list, a page, a document.
/// Weak, because it tells what the answer says and not how: compressed or not, it
/// is the same.
#[derive(Clone, Debug)]
pub(crate) struct WeakTag(String);

impl WeakTag {
    /// The tag of an answer with these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::hashing(|hasher| hasher.write(bytes))
    }

    /// The tag of an answer that is made of what `feed` writes. Another release of
    /// the program may make another answer of it.
    pub(crate) fn hashing(feed: impl FnOnce(&mut FnvHasher)) -> Self {
        let mut hasher = FnvHasher::default();
        hasher.write(env!("CARGO_PKG_VERSION").as_bytes());
        feed(&mut hasher);
        let mut opaque = String::with_capacity(16);
        // Writing to a string cannot fail.
        let _ = write!(opaque, "{:016x}", hasher.finish());
        Self(opaque)
    }

    /// What stands between the quotes.
    pub(crate) fn opaque(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        // A quoted hexadecimal number makes a header value.
        HeaderValue::try_from(format!("W/\"{}\"", self.0))
            .unwrap_or(HeaderValue::from_static("W/\"\""))
    }
}
