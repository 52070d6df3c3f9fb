//! `/docs`: interactive documentation that needs nothing from the internet, and
//! `/openapi.json`, which it shows.

mod tag;

use std::io::Read;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use byline_application::AppError;
use flate2::read::GzDecoder;

use crate::accept::{HTML, JSON, MediaType};
use crate::call::Call;
use crate::openapi::openapi;
use crate::openapi::parameters::Fresh;
use crate::openapi::refusals::Always;
use crate::openapi::responses::{DocsPage, OpenApiDocument};
use crate::problem::{Code, Problem};
use tag::FixedTag;

/// What `GET /docs` may be.
pub(crate) const PAGE: &[MediaType] = &[HTML];

/// What `GET /docs/{asset}` may be.
pub(crate) const ASSETS: &[MediaType] = &["text/javascript", "text/css"];

/// The page loads its own scripts and styles and speaks to its own service.
/// Swagger UI draws its icons from `data:` URLs, in its style sheet.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// To be asked for again each time, with `If-None-Match`.
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// A file in the binary, compressed by `build.rs`.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    gzip: &'static [u8],
    tag: LazyLock<FixedTag>,
}

macro_rules! asset {
    ($name:literal, $media_type:literal) => {
        Asset {
            name: $name,
            media_type: $media_type,
            gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
            tag: LazyLock::new(|| {
                FixedTag::of(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")))
            }),
        }
    };
}

static INDEX: Asset = asset!("index.html", "text/html; charset=utf-8");

static LOADED: [Asset; 3] = [
    asset!("start.js", "text/javascript; charset=utf-8"),
    asset!("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    asset!("swagger-ui.css", "text/css; charset=utf-8"),
];

/// Show this documentation
///
/// A page that shows this document and tries its operations out. It loads
/// nothing from other hosts.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getDocs",
    tag = "service",
    params(Fresh),
    security(()),
    responses(DocsPage, Always)
)]
pub(crate) async fn page(call: Call) -> Result<HttpResponse, Problem> {
    send(&call, &INDEX)
}

/// `GET /docs/{asset}`: what the page loads.
pub(crate) async fn asset(call: Call) -> Result<HttpResponse, Problem> {
    let name = call.segment("asset");
    match LOADED.iter().find(|asset| asset.name == name) {
        Some(asset) => send(&call, asset),
        None => Err(Problem::new(
            Code::NotFound,
            "The documentation has no part of this name.",
        )),
    }
}

/// Get this document
///
/// The OpenAPI document of this version of the service.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApi",
    tag = "service",
    params(Fresh),
    security(()),
    responses(OpenApiDocument, Always)
)]
pub(crate) async fn document(call: Call) -> Result<HttpResponse, Problem> {
    static DOCUMENT: LazyLock<(Bytes, FixedTag)> = LazyLock::new(|| {
        let text = openapi();
        let tag = FixedTag::of(text.as_bytes());
        (Bytes::from(text), tag)
    });
    let (text, tag) = &*DOCUMENT;
    if tag.is_in(call.headers())? {
        return Ok(not_modified(tag));
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static(JSON)))
        .insert_header((header::ETAG, tag.header_value()))
        .insert_header((header::CACHE_CONTROL, NO_CACHE))
        .body(text.clone()))
}

fn send(call: &Call, asset: &Asset) -> Result<HttpResponse, Problem> {
    let tag = &*asset.tag;
    if tag.is_in(call.headers())? {
        return Ok(not_modified(tag));
    }
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((
            header::CONTENT_TYPE,
            HeaderValue::from_static(asset.media_type),
        ))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, NO_CACHE))
        .insert_header((header::ETAG, tag.header_value()))
        .insert_header((header::VARY, HeaderValue::from_static("Accept-Encoding")));
    if takes_gzip(call) {
        answer.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static("gzip")));
        return Ok(answer.body(Bytes::from_static(asset.gzip)));
    }
    let mut plain = Vec::new();
    GzDecoder::new(asset.gzip)
        .read_to_end(&mut plain)
        .map_err(AppError::internal)?;
    Ok(answer.body(plain))
}

fn not_modified(tag: &FixedTag) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((header::ETAG, tag.header_value()))
        .insert_header((header::CACHE_CONTROL, NO_CACHE))
        .finish()
}

/// Every browser does. What rates it at all gets it.
fn takes_gzip(call: &Call) -> bool {
    let lines = call.headers().get_all(header::ACCEPT_ENCODING);
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|coding| {
            let (name, rating) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = rating
                .trim()
                .strip_prefix("q=")
                .is_some_and(|q| q.chars().all(|c| matches!(c, '0' | '.')));
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
}
