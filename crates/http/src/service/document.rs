use byline_application::Limit;
use byline_application::batch::MAX_OPERATIONS;
use byline_domain::{Content, EmailAddress, Title, UserName};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::base_url::BaseUrl;
use crate::openapi::parameters::Fresh;
use crate::openapi::refusals::CommonErrors;
use crate::openapi::responses::{self, Responses, json_of, kept, text};
use crate::openapi::schemas;
use crate::problem::HandlerResult;
use crate::request::accept::{HTML, JSON, MediaType};
use crate::request::body::MAX_BODY_BYTES;
use crate::request::context::{MAX_URI_BYTES, RequestContext};
use crate::request::preconditions::NoneMatch;
use crate::response::{html, representation};

/// The media types of the service document.
pub(crate) const OFFERS: &[MediaType] = &[JSON, HTML];

const PAGE: &str = "<p>Users and posts over REST.</p>\n<ul>\n\
    <li><a href=\"/docs\">Interactive documentation</a></li>\n\
    <li><a href=\"/openapi.json\">The OpenAPI document</a></li>\n\
    <li><a href=\"/users\">Users</a></li>\n\
    <li><a href=\"/posts\">Posts</a></li>\n</ul>\n";

/// Returns the body of the page. Without a base, its links are relative to `/`.
fn page(base: &BaseUrl) -> String {
    let root = if base.is_empty() { "" } else { "/" };
    PAGE.replace("href=\"/", &format!("href=\"{}", base.link(root)))
}

responses::groups! {
    ServiceDescription: service_description();
}

fn service_description() -> Responses {
    let response = json_of::<ServiceDocument<'_>>("What this is.").content(HTML, text());
    kept(response, &["WeakTag", "Vary"])
}

/// Describe this service
///
/// What this is, where to begin and what the limits are.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "getService",
    params(Fresh),
    responses(ServiceDescription, CommonErrors)
)]
pub(crate) async fn show(context: RequestContext) -> HandlerResult {
    let known = NoneMatch::of(context.headers())?;
    if context.media_type == HTML {
        let page = html::page("Byline", &page(context.base()));
        return Ok(representation::negotiated(
            html::CONTENT_TYPE,
            page,
            known.as_ref(),
        ));
    }
    let base = context.base();
    let release = context.api.store().health().release;
    let document = ServiceDocument {
        name: "byline",
        version: context.api.settings().version,
        schema: release.as_ref().map(|release| SchemaVersion {
            release: &release.version,
            migration: &release.schema,
        }),
        links: ServiceLinks {
            users: base.link("/users"),
            posts: base.link("/posts"),
            batch: base.link("/batch"),
            me: base.link("/me"),
            live: base.link("/livez"),
            ready: base.link("/readyz"),
            problems: base.link("/problems/{code}"),
            openapi: base.link("/openapi.json"),
            docs: base.link("/docs"),
        },
        limits: limits(),
    };
    let body = representation::json(&document, 512)?;
    Ok(representation::negotiated(JSON, body, known.as_ref()))
}

/// What this service is.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceDocument<'a> {
    #[schema(schema_with = schemas::word)]
    name: &'static str,
    #[schema(schema_with = schemas::word)]
    version: &'static str,
    /// Absent as long as the database was not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    schema: Option<SchemaVersion<'a>>,
    links: ServiceLinks,
    limits: Limits,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ServiceSchema)]
struct SchemaVersion<'a> {
    #[schema(schema_with = schemas::word)]
    release: &'a str,
    #[schema(schema_with = schemas::word)]
    migration: &'a str,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ServiceLinks)]
struct ServiceLinks {
    #[schema(schema_with = schemas::word)]
    users: String,
    #[schema(schema_with = schemas::word)]
    posts: String,
    #[schema(schema_with = schemas::word)]
    batch: String,
    #[schema(schema_with = schemas::word)]
    me: String,
    #[schema(schema_with = schemas::word)]
    live: String,
    #[schema(schema_with = schemas::word)]
    ready: String,
    #[schema(schema_with = schemas::word)]
    problems: String,
    #[schema(schema_with = schemas::word)]
    openapi: String,
    #[schema(schema_with = schemas::word)]
    docs: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ServiceLimits)]
pub(crate) struct Limits {
    #[schema(schema_with = schemas::count)]
    page_default: u8,
    #[schema(schema_with = schemas::count)]
    page_max: u8,
    #[schema(schema_with = schemas::count)]
    body_bytes: usize,
    #[schema(schema_with = schemas::count)]
    uri_bytes: usize,
    #[schema(schema_with = schemas::count)]
    batch_operations: usize,
    #[schema(schema_with = schemas::count)]
    name_characters: usize,
    #[schema(schema_with = schemas::count)]
    email_characters: usize,
    #[schema(schema_with = schemas::count)]
    title_characters: usize,
    #[schema(schema_with = schemas::count)]
    content_characters: usize,
}

pub(crate) fn limits() -> Limits {
    Limits {
        page_default: Limit::default().get(),
        page_max: Limit::MAX.get(),
        body_bytes: MAX_BODY_BYTES,
        uri_bytes: MAX_URI_BYTES,
        batch_operations: MAX_OPERATIONS,
        name_characters: UserName::MAX_CHARS,
        email_characters: EmailAddress::MAX_CHARS,
        title_characters: Title::MAX_CHARS,
        content_characters: Content::MAX_CHARS,
    }
}
