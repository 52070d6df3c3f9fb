//! Answers to requests that succeeded.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use byline_domain::Version;
use serde::Serialize;

use crate::etag::{NoneMatch, etag};
use crate::prefer;
use crate::problem::Problem;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// To be asked for again each time, with `If-None-Match` if possible.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// How many rows there are on all pages of a list.
const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// A row on the wire.
pub(crate) trait Representation: Serialize {
    fn version(&self) -> Version;

    /// About how many bytes of JSON it makes.
    fn size_hint(&self) -> usize;
}

/// A row that was read; 304 if the client has it in this version.
pub(crate) fn read(
    row: &impl Representation,
    none_match: Option<&NoneMatch>,
) -> Result<HttpResponse, Problem> {
    if none_match.is_some_and(|tags| tags.names(row.version())) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, etag(row.version())))
            .insert_header((header::CACHE_CONTROL, NO_CACHE))
            .finish());
    }
    whole(StatusCode::OK, row, None)
}

/// A row that was changed.
pub(crate) fn changed(row: &impl Representation) -> Result<HttpResponse, Problem> {
    whole(StatusCode::OK, row, None)
}

/// A row that was created, and where it is.
pub(crate) fn created(
    row: &impl Representation,
    location: String,
) -> Result<HttpResponse, Problem> {
    whole(StatusCode::CREATED, row, Some(location))
}

/// A row that was deleted.
pub(crate) fn deleted() -> HttpResponse {
    HttpResponse::NoContent().finish()
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

fn whole(
    status: StatusCode,
    row: &impl Representation,
    location: Option<String>,
) -> Result<HttpResponse, Problem> {
    let mut body = Vec::with_capacity(row.size_hint());
    write(&mut body, row)?;
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((header::CONTENT_TYPE, JSON))
        .insert_header((header::ETAG, etag(row.version())))
        .insert_header((header::CACHE_CONTROL, NO_CACHE));
    if let Some(location) = location {
        answer.insert_header((header::LOCATION, location));
    }
    Ok(answer.body(body))
}

fn write(body: &mut Vec<u8>, value: &impl Serialize) -> Result<(), Problem> {
    serde_json::to_writer(body, value)
        .map_err(|error| byline_application::AppError::internal(error).into())
}
