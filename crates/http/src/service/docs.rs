//! `/openapi.json`, and `/docs`, which shows it without loading anything from other
//! hosts.
//!
//! The files of Swagger UI are in `assets`. The crate `utoipa-swagger-ui` (10.0.2) would
//! spare them and the build script, but not this module: it knows neither entity tags
//! nor a policy, serves its files compressed to all clients or to none, embeds all of
//! Swagger UI's builds, and has a zip reader and a regex engine compiled for it.

use std::io::Read;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use byline_application::AppError;
use flate2::read::GzDecoder;
use utoipa::openapi::{Content, Object, Type};

use crate::api::Settings;
use crate::api::base_url::BaseUrl;
use crate::openapi::parameters::Fresh;
use crate::openapi::refusals::CommonErrors;
use crate::openapi::responses::{self, Responses, kept, response, text};
use crate::problem::{Code, HandlerResult, Problem};
use crate::request::accept::{HTML, JSON, MediaType};
use crate::request::context::RequestContext;
use crate::request::header_list::{Element, elements};
use crate::request::preconditions::NoneMatch;
use crate::request::weak_tag::WeakTag;
use crate::response::representation::{self, CacheableResponse};

/// The media types of `GET /docs`.
pub(crate) const PAGE: &[MediaType] = &[HTML];

/// The media types of `GET /docs/{asset}`.
pub(crate) const ASSETS: &[MediaType] = &["text/javascript", "text/css"];

/// Scripts, styles and requests of the page must be of its own origin. The style sheet
/// of Swagger UI has icons in `data:` URLs.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// A file in the binary, compressed by `build.rs`.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    gzip: &'static [u8],
    tag: LazyLock<WeakTag>,
}

macro_rules! asset {
    ($name:literal, $content_type:literal) => {
        Asset {
            name: $name,
            content_type: $content_type,
            gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
            tag: LazyLock::new(|| {
                WeakTag::of(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")))
            }),
        }
    };
}

static INDEX: Asset = asset!("index.html", "text/html; charset=utf-8");

/// The page at `/docs/`, where its relative links must differ.
static INDEX_SLASH: Asset = asset!("index-slash.html", "text/html; charset=utf-8");

/// The files that the page loads.
static LOADED: [Asset; 3] = [
    asset!("start.js", "text/javascript; charset=utf-8"),
    asset!("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    asset!("swagger-ui.css", "text/css; charset=utf-8"),
];

responses::groups! {
    DocsPage: docs_page();
    OpenApiDocument: open_api_document();
}

fn docs_page() -> Responses {
    let page = response("The page.").content(HTML, text());
    kept(page, &["WeakTag", "Vary"])
}

fn open_api_document() -> Responses {
    let content = Content::new(Some(Object::with_type(Type::Object)));
    let document = response("The document.").content(JSON, content);
    kept(document, &["WeakTag"])
}

/// Show this documentation
///
/// A page that shows this document and tries its operations out. It loads
/// nothing from other hosts.
#[utoipa::path(
    get,
    path = "/docs",
    operation_id = "getDocs",
    params(Fresh),
    responses(DocsPage, CommonErrors)
)]
pub(crate) async fn page(context: RequestContext) -> HandlerResult {
    let has_slash = context.request.path().ends_with('/');
    send(&context, if has_slash { &INDEX_SLASH } else { &INDEX })
}

/// `GET /docs/{asset}`: a file that the page loads.
pub(crate) async fn asset(context: RequestContext) -> HandlerResult {
    let name = context.segment("asset");
    match LOADED.iter().find(|asset| asset.name == name) {
        Some(asset) => send(&context, asset),
        None => {
            let detail = "The documentation has no part of this name.";
            Err(Problem::new(Code::NotFound, detail))
        }
    }
}

/// Get this document
///
/// The OpenAPI document of this version of the service, as it is set up here.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApi",
    params(Fresh),
    responses(OpenApiDocument, CommonErrors)
)]
pub(crate) async fn document(
    context: RequestContext,
    make: fn(&Settings) -> String,
) -> HandlerResult {
    let known = NoneMatch::of(context.headers())?;
    let mut document = context.api.document(make).clone();
    if !context.base().is_empty() {
        document = at_base(&document, context.base());
    }
    let response = CacheableResponse::tagged(&WeakTag::of(&document), known.as_ref());
    Ok(response.body(representation::JSON, document))
}

/// Returns the document with `base` as the address of the server.
fn at_base(document: &[u8], base: &BaseUrl) -> Bytes {
    let server = format!("\"url\": \"{base}\"");
    let text = String::from_utf8_lossy(document);
    text.replacen("\"url\": \"/\"", &server, 1).into()
}

fn send(context: &RequestContext, asset: &Asset) -> HandlerResult {
    let known = NoneMatch::of(context.headers())?;
    let mut response = CacheableResponse::tagged(&asset.tag, known.as_ref());
    // Also on a 304, whose headers replace those that a browser has cached.
    response.header(header::CONTENT_SECURITY_POLICY, POLICY);
    response.header(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let content_type = HeaderValue::from_static(asset.content_type);
    if response.is_known() {
        return Ok(response.body(content_type, ()));
    }
    if accepts_gzip(context) {
        response.header(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return Ok(response.body(content_type, Bytes::from_static(asset.gzip)));
    }
    let mut plain = Vec::new();
    let read = GzDecoder::new(asset.gzip).read_to_end(&mut plain);
    read.map_err(AppError::internal)?;
    Ok(response.body(content_type, plain))
}

/// Returns whether the client accepts gzip with any weight but 0.
fn accepts_gzip(context: &RequestContext) -> bool {
    let codings: Vec<_> = elements(context.headers(), &header::ACCEPT_ENCODING).collect();
    let find = |names: &[&str]| {
        let mut codings = codings.iter();
        codings.find(|coding| names.contains(&coding.name.as_str()))
    };
    let coding = find(&["gzip", "x-gzip"]).or_else(|| find(&["*"]));
    let weight = coding.and_then(Element::weight);
    weight.is_some_and(|weight| weight > 0)
}
