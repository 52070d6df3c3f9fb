use std::borrow::Cow;

use byline_application::Limit;
use byline_application::batch::MAX_OPERATIONS;
use serde::{Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

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
use crate::resource::RestResource;
use crate::resource::for_each_entity;
use crate::response::{html, representation};

/// The media types of the service document.
pub(crate) const OFFERS: &[MediaType] = &[JSON, HTML];

/// Returns the body of the page. Without a base, its links are relative to `/`.
fn page(base: &BaseUrl) -> String {
    let mut links = vec![
        ("/docs", "Interactive documentation".to_owned()),
        ("/openapi.json", "The OpenAPI document".to_owned()),
    ];
    let lists = &mut links;
    for_each_entity!(add_list(lists));
    let links = links.iter().map(|(path, text)| {
        let address = match base.is_empty() {
            true => path.trim_start_matches('/').to_owned(),
            false => base.link(path),
        };
        format!("    <li><a href=\"{address}\">{text}</a></li>\n")
    });
    let links: String = links.collect();
    format!("<p>Users and posts over REST.</p>\n<ul>\n{links}</ul>\n")
}

fn add_list<E: RestResource>(links: &mut Vec<(&'static str, String)>) {
    links.push((E::PATH, schemas::capitalized(E::PLURAL)));
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
        links: links(|path| base.link(path)),
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

/// Members in their order, of which those about entities are not known here.
pub(crate) struct Members<T, const LIMITS: bool>(Vec<(Cow<'static, str>, T)>);

type ServiceLinks = Members<String, false>;

/// Numbers that clients must not exceed.
pub(crate) type Limits = Members<usize, true>;

fn links(link: impl Fn(&str) -> String) -> ServiceLinks {
    let mut paths = Vec::new();
    let lists = &mut paths;
    for_each_entity!(add_path(lists));
    paths.extend([
        ("batch", "/batch"),
        ("me", "/me"),
        ("live", "/livez"),
        ("ready", "/readyz"),
        ("problems", "/problems/{code}"),
        ("openapi", "/openapi.json"),
        ("docs", "/docs"),
    ]);
    let links = paths.into_iter();
    Members(
        links
            .map(|(name, path)| (name.into(), link(path)))
            .collect(),
    )
}

fn add_path<E: RestResource>(paths: &mut Vec<(&'static str, &'static str)>) {
    paths.push((E::PLURAL, E::PATH));
}

pub(crate) fn limits() -> Limits {
    let mut limits = vec![
        ("page_default".into(), Limit::default().get().into()),
        ("page_max".into(), Limit::MAX.get().into()),
        ("body_bytes".into(), MAX_BODY_BYTES),
        ("uri_bytes".into(), MAX_URI_BYTES),
        ("batch_operations".into(), MAX_OPERATIONS),
    ];
    let texts = &mut limits;
    for_each_entity!(add_limits(texts));
    Members(limits)
}

fn add_limits<E: RestResource>(limits: &mut Vec<(Cow<'static, str>, usize)>) {
    limits.extend(E::FIELDS.iter().filter_map(|field| {
        let name = format!("{}_characters", field.name);
        Some((name.into(), field.max_chars?))
    }));
}

impl<T: Serialize, const LIMITS: bool> Serialize for Members<T, LIMITS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<T, const LIMITS: bool> ToSchema for Members<T, LIMITS> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(if LIMITS {
            "ServiceLimits"
        } else {
            "ServiceLinks"
        })
    }
}

impl<T, const LIMITS: bool> PartialSchema for Members<T, LIMITS> {
    fn schema() -> RefOr<Schema> {
        let (names, schema): (Vec<_>, fn() -> RefOr<Schema>) = if LIMITS {
            let members = limits().0.into_iter();
            (members.map(|(name, _)| name).collect(), || {
                schemas::count().into()
            })
        } else {
            let members = links(|_| String::new()).0.into_iter();
            (members.map(|(name, _)| name).collect(), || {
                schemas::word().into()
            })
        };
        let object = ObjectBuilder::new().schema_type(Type::Object);
        let object = names.into_iter().fold(object, |object, name| {
            object.property(name.clone(), schema()).required(name)
        });
        object.into()
    }
}
