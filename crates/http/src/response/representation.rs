//! Responses to reads.

use std::hash::Hasher;

use actix_web::body::MessageBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use byline_application::AppError;
use byline_domain::Version;
use fnv::FnvHasher;
use serde::Serialize;

use crate::problem::HandlerResult;
use crate::request::preconditions::{NoneMatch, etag};
use crate::request::prefer;
use crate::request::weak_tag::WeakTag;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A cached response must be validated before each use.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// The number of rows on all pages of a list.
pub(crate) const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// A row as clients see it.
pub(crate) trait Representation: Serialize {
    fn version(&self) -> Version;

    /// Returns the approximate size of its JSON in bytes.
    fn size_hint(&self) -> usize;

    /// Feeds `hasher` with what distinguishes this state of the row from all others.
    fn identify(&self, hasher: &mut FnvHasher);
}

/// Returns a row, or 304 if the client has this version.
pub(crate) fn read(row: &impl Representation, is_known: bool) -> HandlerResult {
    CacheableResponse::new(etag(row.version()), is_known).json(|| json(row, row.size_hint()))
}

/// Returns a row with embedded rows, whose state is more than a version.
pub(crate) fn composed(row: &impl Representation, known: Option<&NoneMatch>) -> HandlerResult {
    let tag = WeakTag::hashing(|hasher| row.identify(hasher));
    CacheableResponse::tagged(&tag, known).json(|| json(row, row.size_hint()))
}

/// Returns one of several representations that `Accept` chooses from, or 304.
pub(crate) fn negotiated(
    media_type: &'static str,
    body: impl Into<Bytes>,
    known: Option<&NoneMatch>,
) -> HttpResponse {
    let body: Bytes = body.into();
    let mut response = CacheableResponse::tagged(&WeakTag::of(&body), known);
    response.header(header::VARY, HeaderValue::from_static("Accept"));
    response.body(HeaderValue::from_static(media_type), body)
}

/// Returns one page of a list, and the number of rows on all pages if it is known.
pub(crate) fn list<R: Representation>(
    rows: impl ExactSizeIterator<Item = R> + Clone,
    links: HeaderValue,
    total: Option<u64>,
    known: Option<&NoneMatch>,
) -> HandlerResult {
    let tag = WeakTag::hashing(|hasher| {
        for row in rows.clone() {
            row.identify(hasher);
        }
        hasher.write(links.as_bytes());
        hasher.write(&total.unwrap_or(u64::MAX).to_be_bytes());
    });
    let mut response = CacheableResponse::tagged(&tag, known);
    // `Prefer: count=exact` adds the total.
    response.header(header::VARY, HeaderValue::from_static("Prefer"));
    if let Some(total) = total {
        response.header(TOTAL_COUNT, total.into());
        let applied = HeaderValue::from_static(prefer::COUNT_EXACT);
        response.header(prefer::PREFERENCE_APPLIED, applied);
    }
    response.header(header::LINK, links);
    response.json(|| {
        let size: usize = rows.clone().map(|row| row.size_hint() + 1).sum();
        let mut body = Vec::with_capacity(size + 2);
        body.push(b'[');
        for (index, row) in rows.enumerate() {
            if index > 0 {
                body.push(b',');
            }
            write(&mut body, &row)?;
        }
        body.push(b']');
        Ok(body)
    })
}

/// Returns a document that is not cacheable.
pub(crate) fn document(document: &impl Serialize) -> HandlerResult {
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, JSON))
        .body(json(document, 512)?))
}

/// A response with an entity tag that caches validate before each use.
pub(crate) struct CacheableResponse {
    builder: HttpResponseBuilder,
    /// Whether the client has it, so that it becomes a 304 without a body.
    is_known: bool,
}

impl CacheableResponse {
    fn new(tag: HeaderValue, is_known: bool) -> Self {
        let mut builder = HttpResponse::build(if is_known {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::OK
        });
        builder
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, NO_CACHE));
        Self { builder, is_known }
    }

    /// Begins a response with a weak tag. `known` holds the tags that the client has.
    pub(crate) fn tagged(tag: &WeakTag, known: Option<&NoneMatch>) -> Self {
        let is_known = known.is_some_and(|known| known.names_tag(tag));
        Self::new(tag.header_value(), is_known)
    }

    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    pub(crate) fn header(&mut self, name: HeaderName, value: HeaderValue) {
        self.builder.insert_header((name, value));
    }

    /// Ends the response with this body.
    pub(crate) fn body(
        mut self,
        content_type: HeaderValue,
        body: impl MessageBody + 'static,
    ) -> HttpResponse {
        if self.is_known {
            return self.builder.finish();
        }
        self.header(header::CONTENT_TYPE, content_type);
        self.builder.body(body)
    }

    /// Ends the response with the JSON that `body` creates.
    fn json(mut self, body: impl FnOnce() -> Result<Vec<u8>, AppError>) -> HandlerResult {
        if self.is_known {
            return Ok(self.builder.finish());
        }
        Ok(self.body(JSON, body()?))
    }
}

/// Returns `value` as JSON of about `size` bytes.
pub(crate) fn json(value: &impl Serialize, size: usize) -> Result<Vec<u8>, AppError> {
    let mut body = Vec::with_capacity(size);
    write(&mut body, value)?;
    Ok(body)
}

fn write(body: &mut Vec<u8>, value: &impl Serialize) -> Result<(), AppError> {
    sonic_rs::to_writer(body, value).map_err(AppError::internal)
}

#[cfg(test)]
mod tests {
    use byline_domain::{Content, PostFields, PostId, Timestamp, Title, UserId};
    use proptest::prelude::*;

    use super::*;
    use crate::resource::row::RowResponse;

    proptest! {
        /// At every position in a block of text that the vectorised writer handles at
        /// once.
        #[test]
        fn rows_have_the_same_json_as_with_serde_json(
            title in "\\PC{1,99}x",
            content in "([\t\r\n\"\\\\/é漢😀]|\\PC|[a-z ]{0,40}){0,60}",
        ) {
            let new = PostFields {
                user_id: UserId::try_from(1).unwrap(),
                title: Title::parse(title).unwrap(),
                content: Content::parse(content).unwrap(),
            };
            let now = Timestamp::from_micros(0).unwrap();
            let post = new.created(PostId::try_from(i64::MAX >> 11).unwrap(), now);
            let row = RowResponse::new(&post);
            let body = json(&row, 0).unwrap();
            prop_assert_eq!(
                String::from_utf8(body).unwrap(),
                serde_json::to_string(&row).unwrap()
            );
        }
    }
}
