//! Answers to requests that read.

use std::hash::Hasher;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use byline_application::AppError;
use byline_domain::Version;
use fnv::FnvHasher;
use serde::Serialize;

use crate::problem::Problem;
use crate::request::preconditions::{NoneMatch, etag};
use crate::request::prefer;
use crate::request::weak_tag::WeakTag;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// To be asked for again each time, with `If-None-Match` if possible.
pub(crate) const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// Whether a list has a total count depends on this header of the request.
const PREFER: HeaderValue = HeaderValue::from_static("Prefer");

/// How many rows there are on all pages of a list.
pub(crate) const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// A row on the wire.
pub(crate) trait Representation: Serialize {
    fn version(&self) -> Version;

    /// About how many bytes of JSON it makes.
    fn size_hint(&self) -> usize;

    /// Feeds a hasher with what tells this state of the row from every other.
    fn identify(&self, hasher: &mut FnvHasher);
}

/// A row that was read; 304 if the client is known to have it in this version.
pub(crate) fn read(row: &impl Representation, is_known: bool) -> Result<HttpResponse, Problem> {
    if is_known {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, etag(row.version())))
            .insert_header((header::CACHE_CONTROL, NO_CACHE))
            .finish());
    }
    let mut body = Vec::with_capacity(row.size_hint());
    write(&mut body, row)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, JSON))
        .insert_header((header::ETAG, etag(row.version())))
        .insert_header((header::CACHE_CONTROL, NO_CACHE))
        .body(body))
}

/// A row that was read, together with others: no version tells what it is.
pub(crate) fn composed(
    row: &impl Representation,
    known: Option<&NoneMatch>,
) -> Result<HttpResponse, Problem> {
    let tag = WeakTag::hashing(|hasher| row.identify(hasher));
    let mut answer = tagged(&tag, known);
    if answer.is_known {
        return Ok(answer.builder.finish());
    }
    let mut body = Vec::with_capacity(row.size_hint());
    write(&mut body, row)?;
    Ok(answer
        .builder
        .insert_header((header::CONTENT_TYPE, JSON))
        .body(body))
}

/// The beginning of an answer with a weak tag.
pub(crate) struct Tagged {
    pub(crate) builder: HttpResponseBuilder,
    /// Whether `If-None-Match` names the tag: then it is a 304, without a body.
    pub(crate) is_known: bool,
}

/// Begins an answer that may be kept, and is asked for again each time with its
/// tag. `known` is what the client has already.
pub(crate) fn tagged(tag: &WeakTag, known: Option<&NoneMatch>) -> Tagged {
    let is_known = known.is_some_and(|known| known.names_tag(tag));
    let status = if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    };
    let mut builder = HttpResponse::build(status);
    builder
        .insert_header((header::ETAG, tag.header_value()))
        .insert_header((header::CACHE_CONTROL, NO_CACHE));
    Tagged { builder, is_known }
}

/// A page or document that is one of several representations, by `Accept`; 304
/// if the client has it already.
pub(crate) fn negotiated(
    media_type: &'static str,
    body: impl Into<Bytes>,
    known: Option<&NoneMatch>,
) -> HttpResponse {
    let body: Bytes = body.into();
    let mut answer = tagged(&WeakTag::of(&body), known);
    answer
        .builder
        .insert_header((header::VARY, HeaderValue::from_static("Accept")));
    if answer.is_known {
        return answer.builder.finish();
    }
    answer
        .builder
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static(media_type)))
        .body(body)
}

/// One page of a list, and how many rows there are on all pages, if that was
/// asked for.
pub(crate) fn list<R: Representation>(
    rows: impl ExactSizeIterator<Item = R> + Clone,
    links: HeaderValue,
    total: Option<u64>,
    known: Option<&NoneMatch>,
) -> Result<HttpResponse, Problem> {
    let tag = WeakTag::hashing(|hasher| {
        for row in rows.clone() {
            row.identify(hasher);
        }
        hasher.write(links.as_bytes());
        hasher.write(&total.unwrap_or(u64::MAX).to_be_bytes());
    });
    let mut answer = tagged(&tag, known);
    answer.builder.insert_header((header::VARY, PREFER));
    if let Some(total) = total {
        answer.builder.insert_header((TOTAL_COUNT, total));
        answer
            .builder
            .insert_header((prefer::PREFERENCE_APPLIED, prefer::COUNT_EXACT));
    }
    answer.builder.insert_header((header::LINK, links));
    if answer.is_known {
        return Ok(answer.builder.finish());
    }
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
    Ok(answer
        .builder
        .insert_header((header::CONTENT_TYPE, JSON))
        .body(body))
}

/// A document that is no row, and is not kept.
pub(crate) fn document(document: &impl Serialize) -> Result<HttpResponse, Problem> {
    let mut body = Vec::with_capacity(512);
    write(&mut body, document)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, JSON))
        .body(body))
}

pub(crate) fn write(body: &mut Vec<u8>, value: &impl Serialize) -> Result<(), AppError> {
    sonic_rs::to_writer(body, value).map_err(AppError::internal)
}

#[cfg(test)]
mod tests {
    use byline_domain::{Content, Entity, PostFields, PostId, Timestamp, Title, UserId};
    use proptest::prelude::*;

    use super::*;
    use crate::resource::row::RowResponse;

    proptest! {
        /// Two programs that know JSON agree on every text, wherever in a block
        /// something is to be escaped.
        #[test]
        fn rows_are_written_as_serde_json_writes_them(
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
            let mut body = Vec::new();
            write(&mut body, &row).unwrap();
            prop_assert_eq!(
                String::from_utf8(body).unwrap(),
                serde_json::to_string(&row).unwrap()
            );
        }
    }
}
