//! `/docs`: interactive documentation that needs nothing from the internet, and
//! `/openapi.json`, which it shows.

use std::io::Read;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use byline_application::AppError;
use flate2::read::GzDecoder;
use utoipa::openapi::{Content, Object, Type};

use crate::Settings;
use crate::openapi::parameters::Fresh;
use crate::openapi::refusals::CommonErrors;
use crate::openapi::responses::{self, Responses, kept, response, text};
use crate::problem::{Code, Problem};
use crate::request::accept::{HTML, JSON, MediaType};
use crate::request::base_url::BaseUrl;
use crate::request::context::RequestContext;
use crate::request::header_list::{Element, elements};
use crate::request::preconditions::NoneMatch;
use crate::request::weak_tag::WeakTag;
use crate::response::representation;

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

/// A file in the binary, compressed by `build.rs`.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    gzip: &'static [u8],
    tag: LazyLock<WeakTag>,
}

macro_rules! asset {
    ($name:literal, $media_type:literal) => {
        Asset {
            name: $name,
            media_type: $media_type,
            gzip: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")),
            tag: LazyLock::new(|| {
                WeakTag::of(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".gz")))
            }),
        }
    };
}

static INDEX: Asset = asset!("index.html", "text/html; charset=utf-8");

/// The same at an address with a slash at its end, from where links lead elsewhere.
static INDEX_SLASH: Asset = asset!("index-slash.html", "text/html; charset=utf-8");

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
    kept(
        response("The document.").content(JSON, content),
        &["WeakTag"],
    )
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
pub(crate) async fn page(call: RequestContext) -> Result<HttpResponse, Problem> {
    let has_slash = call.path().ends_with('/');
    send(&call, if has_slash { &INDEX_SLASH } else { &INDEX })
}

/// `GET /docs/{asset}`: what the page loads.
pub(crate) async fn asset(call: RequestContext) -> Result<HttpResponse, Problem> {
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
/// The OpenAPI document of this version of the service, as it is set up here.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApi",
    params(Fresh),
    responses(OpenApiDocument, CommonErrors)
)]
pub(crate) async fn document(
    call: RequestContext,
    make: fn(&Settings) -> String,
) -> Result<HttpResponse, Problem> {
    let known = NoneMatch::of(call.headers())?;
    let moved;
    let (text, tag) = if call.base().is_empty() {
        call.api().document(make)
    } else {
        moved = at_base(&call.api().document(make).0, call.base());
        &moved
    };
    let mut answer = representation::tagged(tag, known.as_ref());
    if answer.is_known {
        return Ok(answer.builder.finish());
    }
    Ok(answer
        .builder
        .insert_header((header::CONTENT_TYPE, representation::JSON))
        .body(text.clone()))
}

/// The document of a service that clients reach by another address than its own.
fn at_base(document: &[u8], base: &BaseUrl) -> (Bytes, WeakTag) {
    let here = format!("\"url\": \"{base}\"");
    let text = String::from_utf8_lossy(document).replacen("\"url\": \"/\"", &here, 1);
    let tag = WeakTag::of(text.as_bytes());
    (text.into(), tag)
}

fn send(call: &RequestContext, asset: &Asset) -> Result<HttpResponse, Problem> {
    let known = NoneMatch::of(call.headers())?;
    let mut answer = representation::tagged(&asset.tag, known.as_ref());
    // The headers of a 304 take the place of those that a browser has kept.
    answer
        .builder
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::VARY, HeaderValue::from_static("Accept-Encoding")));
    if answer.is_known {
        return Ok(answer.builder.finish());
    }
    let media_type = HeaderValue::from_static(asset.media_type);
    answer
        .builder
        .insert_header((header::CONTENT_TYPE, media_type));
    if takes_gzip(call) {
        let gzip = HeaderValue::from_static("gzip");
        answer
            .builder
            .insert_header((header::CONTENT_ENCODING, gzip));
        return Ok(answer.builder.body(Bytes::from_static(asset.gzip)));
    }
    let mut plain = Vec::new();
    GzDecoder::new(asset.gzip)
        .read_to_end(&mut plain)
        .map_err(AppError::internal)?;
    Ok(answer.builder.body(plain))
}

/// Every browser does. What rates it at all gets it.
fn takes_gzip(call: &RequestContext) -> bool {
    let codings: Vec<_> = elements(call.headers(), &header::ACCEPT_ENCODING).collect();
    let named = |coding: &&Element| matches!(coding.name.as_str(), "gzip" | "x-gzip");
    let any = |coding: &&Element| coding.name == "*";
    let codings = || codings.iter();
    let rated = codings().find(named).or_else(|| codings().find(any));
    rated
        .and_then(Element::weight)
        .is_some_and(|weight| weight > 0)
}
