//! The OpenAPI document: the descriptions of all operations, and what they have in common.

mod instance;

use std::future::Future;

use byline_domain::Entity;
use instance::Demands;
use utoipa::OpenApi;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ContactBuilder, Info, InfoBuilder, License, OpenApi as OpenApiDocument, ServerBuilder, Tag,
};

use crate::api::Settings;
use crate::openapi::{headers, refusals};
use crate::operations::{self, Registrar};
use crate::problem::{self, HandlerResult};
use crate::request::authenticate::Access;
use crate::request::context::{RequestContext, RouteOptions};
use crate::resource::{RestResource, for_each_entity};
use crate::resources::document::add_components;
use crate::resources::{batch, me};
use crate::service::{self, health, problem_pages};

/// Returns the OpenAPI 3.1 document of this version as indented JSON. It describes a service with
/// every protection; the document of an instance depends on its settings.
#[must_use]
pub fn openapi() -> String {
    text(&document(None))
}

/// Returns the document of an instance with these settings.
pub(crate) fn of_instance(settings: &Settings) -> String {
    text(&document(Some(Demands::of(settings))))
}

fn text(document: &OpenApiDocument) -> String {
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// The schemas that belong to no entity.
#[derive(OpenApi)]
#[openapi(components(schemas(
    batch::Batch,
    batch::BatchResult,
    problem::ProblemBody,
    problem_pages::Explanation,
    service::document::ServiceDocument,
    me::Me,
    health::Status,
)))]
struct Schemas;

/// Collects the operations in a document.
struct Operations {
    document: OpenApiDocument,
    demands: Option<Demands>,
}

impl Registrar for Operations {
    fn add<F>(
        &mut self,
        path: &'static str,
        method: HttpMethod,
        RouteOptions { access, .. }: RouteOptions,
        describe: impl FnOnce() -> Operation,
        _: impl Fn(RequestContext) -> F + Copy + 'static,
    ) where
        F: Future<Output = HandlerResult> + 'static,
    {
        let mut operation = describe();
        operation.security = Some(vec![match access {
            Access::Open => SecurityRequirement::default(),
            Access::Known => SecurityRequirement::new::<_, [&str; 0], _>("bearer", []),
            Access::Reads(scope) | Access::Writes(scope) => {
                SecurityRequirement::new("bearer", [scope.name()])
            }
        }]);
        if let Some(demands) = self.demands {
            instance::adapt(&mut operation, access, demands);
        }
        let paths = &mut self.document.paths;
        paths.add_path_operation(path, vec![method], operation);
    }
}

fn document(demands: Option<Demands>) -> OpenApiDocument {
    let document = Schemas::openapi();
    let mut operations = Operations { document, demands };
    operations::register(&mut operations, |_| String::new());
    operations::register_root(&mut operations);
    let mut document = operations.document;
    document.info = info();
    document.tags = Some(tags());
    let public = ExtensionsBuilder::new().add("x-internal", false).build();
    let server = ServerBuilder::new()
        .url("/")
        .description(Some(
            "Production: the service that this document comes from",
        ))
        .extensions(Some(public));
    document.servers = Some(vec![server.build()]);
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", bearer());
    components.headers.extend(headers::components());
    components.responses.extend(refusals::components());
    for_each_entity!(add_components(components));
    let mut plurals = Vec::new();
    for_each_entity!(add_plural(&mut plurals));
    components.headers.extend([headers::location(&plurals)]);
    if let Some(demands) = demands {
        instance::remove_unused_components(&mut document, demands);
    }
    document
}

fn add_plural<E: Entity>(plurals: &mut Vec<&'static str>) {
    plurals.push(E::PLURAL);
}

fn bearer() -> SecurityScheme {
    SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("API key or JWT")
            .description(Some(
                "`Authorization: Bearer …` with a key that the operator gave you (`byl_…`), or with a \
                 token of the issuer that the service trusts. The scopes that an operation takes \
                 stand beside it; `admin` contains all. A service that runs without \
                 authentication needs none, and one with public reads needs none for reading.",
            ))
            .build(),
    )
}

fn info() -> Info {
    let mut license = License::new("MIT OR Apache-2.0");
    license.identifier = Some("MIT OR Apache-2.0".to_owned());
    let contact = ContactBuilder::new().name(Some("The operator of this instance"));
    InfoBuilder::new()
        .title("Byline")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .contact(Some(contact.build()))
        .license(Some(license))
        .build()
}

const DESCRIPTION: &str = "\
Users and the posts that they write.

- Every error is a problem document (RFC 9457); `GET /problems/{code}` explains its code.
- Every answer has an `X-Request-Id`: the request's, if it sent a sane one, else a new one.
- An `ETag` is the version of a row. `If-None-Match` spares reading it again, `If-Match` \
guards a change against those of others.
- `Idempotency-Key` makes a write safe to repeat; `Prefer: tx=rollback` only tries it.
- Lists are JSON arrays; the `Link` header (RFC 8288) leads to the next page.
- Bodies are JSON in UTF-8 of at most 1 MiB, without `Content-Encoding`. Unknown members and \
unknown query parameters are refused.
- `HEAD` works wherever `GET` does, `OPTIONS` lists the methods of a path, and a path means the \
same with a trailing slash.";

fn tags() -> Vec<Tag> {
    let mut tags = Vec::new();
    let entities = &mut tags;
    for_each_entity!(add_tag(entities));
    tags.push(tag("batch", "Many operations in one transaction."));
    tags.push(tag("service", "What this service is, and how it is."));
    tags
}

fn add_tag<E: RestResource>(tags: &mut Vec<Tag>) {
    tags.push(tag(E::PLURAL, E::DESCRIPTION));
}

fn tag(name: &str, description: &str) -> Tag {
    let tag = TagBuilder::new().name(name);
    tag.description(Some(description)).build()
}

#[cfg(test)]
mod tests;
