//! Answers to requests that read.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use byline_application::AppError;
use byline_domain::Version;
use serde::Serialize;

use crate::etag::etag;
use crate::prefer;
use crate::problem::Problem;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// To be asked for again each time, with `If-None-Match` if possible.
pub(crate) const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// How many rows there are on all pages of a list.
const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// A row on the wire.
pub(crate) trait Representation: Serialize {
    fn version(&self) -> Version;

    /// About how many bytes of JSON it makes.
    fn size_hint(&self) -> usize;
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
pub(crate) fn untagged(row: &impl Representation) -> Result<HttpResponse, Problem> {
    let mut body = Vec::with_capacity(row.size_hint());
    write(&mut body, row)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, JSON))
        .insert_header((header::CACHE_CONTROL, NO_CACHE))
        .body(body))
}

/// One page of a list, and how many rows there are on all pages, if that was
/// asked for.
pub(crate) fn list<R: Representation>(
    rows: impl ExactSizeIterator<Item = R> + Clone,
    links: HeaderValue,
    total: Option<u64>,
) -> Result<HttpResponse, Problem> {
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
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, JSON))
        .insert_header((header::CACHE_CONTROL, NO_CACHE))
        .insert_header((header::LINK, links));
    if let Some(total) = total {
        answer.insert_header((TOTAL_COUNT, total));
        answer.insert_header((prefer::PREFERENCE_APPLIED, prefer::COUNT_EXACT));
    }
    Ok(answer.body(body))
}

/// A document that is no row.
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
    use byline_domain::{Content, NewPost, PostId, Timestamp, Title, UserId};
    use proptest::prelude::*;

    use super::*;
    use crate::posts::PostResponse;

    proptest! {
        /// Two programs that know JSON agree on every text, wherever in a block
        /// something is to be escaped.
        #[test]
        fn rows_are_written_as_serde_json_writes_them(
            title in "\\PC{1,99}x",
            content in "([\t\r\n\"\\\\/é漢😀]|\\PC|[a-z ]{0,40}){0,60}",
        ) {
            let new = NewPost {
                user_id: UserId::try_from(1).unwrap(),
                title: Title::parse(title).unwrap(),
                content: Content::parse(content).unwrap(),
            };
            let now = Timestamp::from_micros(0).unwrap();
            let post = new.created(PostId::try_from(i64::MAX >> 11).unwrap(), now);
            let row = PostResponse::from(&post);
            let mut body = Vec::new();
            write(&mut body, &row).unwrap();
            prop_assert_eq!(
                String::from_utf8(body).unwrap(),
                serde_json::to_string(&row).unwrap()
            );
        }
    }
}
