use std::future::Future;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard, web};
use utoipa::openapi::path::{HttpMethod, Operation};

use crate::api::Api;
use crate::api::metrics::UNKNOWN_ROUTE;
use crate::api_document;
use crate::dispatch::answer;
use crate::operations::{self, Registrar};
use crate::problem::{Code, HandlerResult, Problem};
use crate::request::context::{RequestContext, RouteOptions};
use crate::service::docs;

/// Registers every route, with and without a trailing slash, and the responses to unknown paths
/// and methods.
pub fn configure(api: &Api) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let api = api.clone();
    move |config| {
        for slash in ["", "/"] {
            let mut router = Router::new(&api, slash);
            operations::register(&mut router, api_document::of_instance);
            // Part of the page at `/docs`, and therefore not documented itself.
            let assets = RouteOptions::page(docs::ASSETS);
            router.add(
                "/docs/{asset}",
                HttpMethod::Get,
                assets,
                Operation::new,
                docs::asset,
            );
            router.configure(config);
        }
        let mut root = Router::new(&api, "");
        operations::register_root(&mut root);
        root.configure(config);
        config.default_service(unknown_path(api));
    }
}

/// Registers the health endpoints, for a listener that only operators reach. Must be configured
/// after other routes.
pub fn configure_admin(api: &Api) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let api = api.clone();
    move |config| {
        for slash in ["", "/"] {
            let mut router = Router::new(&api, slash);
            operations::register_health(&mut router);
            router.configure(config);
        }
        config.default_service(unknown_path(api));
    }
}

fn unknown_path(api: Api) -> Route {
    web::to(move |request, payload| {
        answer(
            api.clone(),
            not_found,
            None,
            UNKNOWN_ROUTE,
            request,
            payload,
        )
    })
}

/// Returns all registered operations: path, method, options.
#[cfg(test)]
pub(crate) fn operations(api: &Api) -> Vec<(String, &'static str, RouteOptions)> {
    let mut router = Router::new(api, "");
    operations::register(&mut router, api_document::of_instance);
    operations::register_root(&mut router);
    let paths = router.paths.into_iter();
    paths
        .flat_map(|path| {
            let operations = path.operations.into_iter();
            operations.map(move |(method, options)| (path.template.to_owned(), method, options))
        })
        .collect()
}

/// Collects the operations by path. actix-web tries the paths in this order.
struct Router<'a> {
    api: &'a Api,
    slash: &'static str,
    paths: Vec<Path>,
}

/// The operations of one path.
struct Path {
    template: &'static str,
    resource: Resource,
    operations: Vec<(&'static str, RouteOptions)>,
}

impl Registrar for Router<'_> {
    fn add<F>(
        &mut self,
        template: &'static str,
        method: HttpMethod,
        options: RouteOptions,
        _: impl FnOnce() -> Operation,
        handler: impl Fn(RequestContext) -> F + Copy + 'static,
    ) where
        F: Future<Output = HandlerResult> + 'static,
    {
        let methods = methods(&method);
        let known = self.paths.iter().position(|path| path.template == template);
        let mut path = match known {
            Some(index) => self.paths.remove(index),
            None => Path {
                template,
                resource: web::resource(format!("{template}{}", self.slash)),
                operations: Vec::new(),
            },
        };
        let api = self.api.clone();
        let route = web::route()
            .guard(guard::fn_guard(move |context| {
                methods.contains(&context.head().method.as_str())
            }))
            .to(move |request, payload| {
                answer(
                    api.clone(),
                    handler,
                    Some(options),
                    template,
                    request,
                    payload,
                )
            });
        path.resource = path.resource.route(route);
        let operations = methods.iter().map(|method| (*method, options));
        path.operations.extend(operations);
        self.paths.insert(known.unwrap_or(self.paths.len()), path);
    }
}

/// Returns the methods that `method` serves. `GET` also serves `HEAD`: the server leaves out the
/// body.
fn methods(method: &HttpMethod) -> &'static [&'static str] {
    match method {
        HttpMethod::Get => &["GET", "HEAD"],
        HttpMethod::Post => &["POST"],
        HttpMethod::Put => &["PUT"],
        HttpMethod::Patch => &["PATCH"],
        HttpMethod::Delete => &["DELETE"],
        _ => &[],
    }
}

impl<'a> Router<'a> {
    fn new(api: &'a Api, slash: &'static str) -> Self {
        let paths = Vec::new();
        Self { api, slash, paths }
    }

    fn configure(self, config: &mut web::ServiceConfig) {
        for path in self.paths {
            config.service(path.end(self.api));
        }
    }
}

impl Path {
    /// Adds `OPTIONS`, and refuses all other methods.
    fn end(self, api: &Api) -> Resource {
        let methods = self.operations.iter().map(|(method, _)| *method);
        let allowed: Vec<_> = methods.chain(["OPTIONS"]).collect();
        let allow = HeaderValue::try_from(allowed.join(", "))
            .unwrap_or(HeaderValue::from_static("OPTIONS"));
        let (api, template) = (api.clone(), self.template);
        self.resource
            .default_service(web::to(move |request: HttpRequest, payload| {
                let allow = allow.clone();
                let is_options = request.method() == Method::OPTIONS;
                let handler = move |_| async move { other(is_options, allow) };
                answer(api.clone(), handler, None, template, request, payload)
            }))
    }
}

fn other(is_options: bool, allow: HeaderValue) -> HandlerResult {
    if is_options {
        return Ok(HttpResponse::NoContent()
            .insert_header((header::ALLOW, allow))
            .finish());
    }
    let detail = "This path does not have this method; the header `Allow` lists those it has.";
    Err(Problem::new(Code::MethodNotAllowed, detail).with_header(header::ALLOW, allow))
}

async fn not_found(context: RequestContext) -> HandlerResult {
    // RFC 9110 section 9.3.7.
    if context.request.method() == Method::OPTIONS && context.request.path() == "*" {
        return Ok(HttpResponse::NoContent().finish());
    }
    Err(Code::UnknownPath.into())
}
