use std::future::Future;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard, web};
use byline_domain::policy::Scope;

use crate::api::Api;
use crate::api::metrics::UNKNOWN_ROUTE;
use crate::api_document;
use crate::dispatch::answer;
use crate::problem::{Code, Problem};
use crate::request::accept::{self, MediaType};
use crate::request::authenticate::Access;
use crate::request::context::{RequestContext, RouteOptions};
use crate::resources::{batch, me, posts, users};
use crate::service::{docs, document, health, problem_pages};

/// Registers every route, with and without a trailing slash, and the answers to
/// unknown paths and methods.
pub fn configure(api: &Api) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let api = api.clone();
    move |config| {
        for slash in ["", "/"] {
            for path in paths(&api, slash) {
                config.service(path.resource);
            }
        }
        config.service(root(&api).resource);
        config.default_service(unknown_path(api));
    }
}

/// Registers the routes of the listener that only operators reach: whether the
/// service runs and can serve. To be configured after others.
pub fn configure_admin(api: &Api) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let api = api.clone();
    move |config| {
        for slash in ["", "/"] {
            for path in health(&api, slash) {
                config.service(path.resource);
            }
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

fn root(api: &Api) -> Path {
    Methods::at("/", "", api)
        .page(Access::Open, document::OFFERS, document::show)
        .end()
}

const READS_USERS: Access = Access::Reads(Scope::UsersRead);
const WRITES_USERS: Access = Access::Writes(Scope::UsersWrite);
const READS_POSTS: Access = Access::Reads(Scope::PostsRead);
const WRITES_POSTS: Access = Access::Writes(Scope::PostsWrite);

/// In the order in which they are tried.
fn paths(api: &Api, slash: &str) -> Vec<Path> {
    let at = |path| Methods::at(path, slash, api);
    let mut paths = vec![
        at("/users")
            .get(READS_USERS, users::PARAMETERS, users::list)
            .post(WRITES_USERS, users::create)
            .end(),
        at("/posts")
            .get(READS_POSTS, posts::PARAMETERS, posts::list)
            .post(WRITES_POSTS, posts::create)
            .end(),
        at("/users/{user_id}")
            .get(READS_USERS, &[], users::read)
            .put(WRITES_USERS, users::replace)
            .patch(WRITES_USERS, users::patch)
            .delete(WRITES_USERS, &["posts"], users::delete)
            .end(),
        at("/posts/{post_id}")
            .get(READS_POSTS, &["embed"], posts::read)
            .put(WRITES_POSTS, posts::replace)
            .patch(WRITES_POSTS, posts::patch)
            .delete(WRITES_POSTS, &[], posts::delete)
            .end(),
        at("/users/{user_id}/posts")
            .get(READS_POSTS, posts::PARAMETERS_OF, posts::list_of)
            .post(WRITES_POSTS, posts::create_of)
            .end(),
        at("/batch").post(Access::Known, batch::run).end(),
        at("/me").get(Access::Known, &[], me::show).end(),
        at("/problems/{code}")
            .page(Access::Open, problem_pages::OFFERS, problem_pages::page)
            .end(),
        at("/openapi.json")
            .get(Access::Open, &[], |call| {
                docs::document(call, api_document::of_instance)
            })
            .end(),
        at("/docs").page(Access::Open, docs::PAGE, docs::page).end(),
        at("/docs/{asset}")
            .page(Access::Open, docs::ASSETS, docs::asset)
            .end(),
    ];
    paths.extend(health(api, slash));
    paths
}

fn health(api: &Api, slash: &str) -> [Path; 2] {
    let at = |path| Methods::at(path, slash, api);
    [
        at("/livez").get(Access::Open, &[], health::live).end(),
        at("/readyz").get(Access::Open, &[], health::ready).end(),
    ]
}

/// Every operation that is registered: path, method, terms.
#[cfg(test)]
pub(crate) fn operations(api: &Api) -> Vec<(String, &'static str, RouteOptions)> {
    let paths = paths(api, "").into_iter().chain([root(api)]);
    paths
        .flat_map(|path| {
            let operations = path.operations.into_iter();
            operations.map(move |(method, terms)| (path.pattern.clone(), method, terms))
        })
        .collect()
}

/// One path, ready to be registered.
struct Path {
    resource: Resource,
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the document"))]
    pattern: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the document"))]
    operations: Vec<(&'static str, RouteOptions)>,
}

/// The methods of one path. Each handler is named with who may call it, and with
/// the query parameters that it knows; others are refused before it is called.
struct Methods<'a> {
    api: &'a Api,
    pattern: String,
    route: &'static str,
    resource: Resource,
    operations: Vec<(&'static str, RouteOptions)>,
}

type Answer = Result<HttpResponse, Problem>;
type Parameters = &'static [&'static str];

impl<'a> Methods<'a> {
    fn at(path: &'static str, slash: &str, api: &'a Api) -> Self {
        let pattern = format!("{path}{slash}");
        Self {
            api,
            route: path,
            resource: web::resource(pattern.as_str()),
            pattern,
            operations: Vec::new(),
        }
    }

    /// `GET`, and `HEAD`, of whose answer the server leaves out the body.
    fn get<F>(
        self,
        access: Access,
        known: Parameters,
        handler: impl Fn(RequestContext) -> F + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["GET", "HEAD"], json(access, known), handler)
    }

    /// `GET` and `HEAD` of something that is not JSON, or not only.
    fn page<F>(
        self,
        access: Access,
        offers: &'static [MediaType],
        handler: impl Fn(RequestContext) -> F + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        let terms = RouteOptions {
            access,
            parameters: &[],
            offers,
        };
        self.on(&["GET", "HEAD"], terms, handler)
    }

    fn post<F>(self, access: Access, handler: impl Fn(RequestContext) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["POST"], json(access, &[]), handler)
    }

    fn put<F>(self, access: Access, handler: impl Fn(RequestContext) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["PUT"], json(access, &[]), handler)
    }

    fn patch<F>(
        self,
        access: Access,
        handler: impl Fn(RequestContext) -> F + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["PATCH"], json(access, &[]), handler)
    }

    fn delete<F>(
        self,
        access: Access,
        known: Parameters,
        handler: impl Fn(RequestContext) -> F + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["DELETE"], json(access, known), handler)
    }

    fn on<F>(
        mut self,
        methods: &'static [&'static str],
        terms: RouteOptions,
        handler: impl Fn(RequestContext) -> F + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        let (api, id) = (self.api.clone(), self.route);
        let route = web::route()
            .guard(guard::fn_guard(move |context| {
                methods.contains(&context.head().method.as_str())
            }))
            .to(move |request: HttpRequest, payload: web::Payload| {
                answer(api.clone(), handler, Some(terms), id, request, payload)
            });
        self.resource = self.resource.route(route);
        let named = methods.iter().map(|method| (*method, terms));
        self.operations.extend(named);
        self
    }

    /// Adds `OPTIONS`, and the refusal of every other method.
    fn end(self) -> Path {
        let methods = self.operations.iter().map(|(method, _)| *method);
        let allowed: Vec<_> = methods.chain(["OPTIONS"]).collect();
        let allow = HeaderValue::try_from(allowed.join(", "))
            .unwrap_or(HeaderValue::from_static("OPTIONS"));
        let (api, route) = (self.api.clone(), self.route);
        let resource =
            self.resource
                .default_service(web::to(move |request: HttpRequest, payload| {
                    let allow = allow.clone();
                    let is_options = request.method() == Method::OPTIONS;
                    answer(
                        api.clone(),
                        move |_| async move { other(is_options, allow) },
                        None,
                        route,
                        request,
                        payload,
                    )
                }));
        Path {
            resource,
            pattern: self.pattern,
            operations: self.operations,
        }
    }
}

/// The terms of what answers in JSON.
fn json(access: Access, parameters: Parameters) -> RouteOptions {
    RouteOptions {
        access,
        parameters,
        offers: &[accept::JSON],
    }
}

fn other(is_options: bool, allow: HeaderValue) -> Answer {
    if is_options {
        return Ok(HttpResponse::NoContent()
            .insert_header((header::ALLOW, allow))
            .finish());
    }
    let detail = "This path does not have this method; the header `Allow` lists those it has.";
    Err(Problem::new(Code::MethodNotAllowed, detail).with_header(header::ALLOW, allow))
}

async fn not_found(call: RequestContext) -> Answer {
    if call.is_about_the_server() {
        return Ok(HttpResponse::NoContent().finish());
    }
    Err(Problem::new(Code::UnknownPath, Code::UnknownPath.meaning()))
}
