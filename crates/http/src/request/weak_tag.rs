use std::hash::Hasher;

use actix_web::http::header::HeaderValue;
use fnv::FnvHasher;

/// The entity tag of a response that is not one row: a list, a page or a document. It is
/// weak, because it does not depend on the encoding of the response.
#[derive(Clone, Debug)]
pub(crate) struct WeakTag(String);

impl WeakTag {
    /// Returns the tag of a response with these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::hashing(|hasher| hasher.write(bytes))
    }

    /// Returns the tag of a response that is made of what `feed` writes. It depends on the
    /// release, which may make another response of that.
    pub(crate) fn hashing(feed: impl FnOnce(&mut FnvHasher)) -> Self {
        let mut hasher = FnvHasher::default();
        hasher.write(env!("CARGO_PKG_VERSION").as_bytes());
        feed(&mut hasher);
        Self(format!("{:016x}", hasher.finish()))
    }

    /// Returns the text between the quotes.
    pub(crate) fn opaque(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        // Never fails: hexadecimal digits are valid in a header.
        HeaderValue::try_from(format!("W/\"{}\"", self.0))
            .unwrap_or(HeaderValue::from_static("W/\"\""))
    }
}
