use std::future::Future;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard, web};

use crate::accept::{self, MediaType};
use crate::call::{Call, Terms, answer};
use crate::metrics::RouteId;
use crate::problem::{self, Code, Problem};
use crate::{Api, batch, docs, health, posts, service_document, users};

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
        let route = RouteId::default();
        answer(api.clone(), elsewhere, None, route, request, payload)
    })
}

fn root(api: &Api) -> Path {
    Methods::at("/", "", api)
        .page(service_document::OFFERS, service_document::show)
        .end()
}

/// In the order in which they are tried.
fn paths(api: &Api, slash: &str) -> Vec<Path> {
    let at = |path| Methods::at(path, slash, api);
    let mut paths = vec![
        at("/users")
            .get(users::PARAMETERS, users::list)
            .post(users::create)
            .end(),
        at("/posts")
            .get(posts::PARAMETERS, posts::list)
            .post(posts::create)
            .end(),
        at("/users/{user_id}")
            .get(&[], users::read)
            .put(users::replace)
            .patch(users::patch)
            .delete(&["posts"], users::delete)
            .end(),
        at("/posts/{post_id}")
            .get(&["embed"], posts::read)
            .put(posts::replace)
            .patch(posts::patch)
            .delete(&[], posts::delete)
            .end(),
        at("/users/{user_id}/posts")
            .get(posts::PARAMETERS_OF, posts::list_of)
            .post(posts::create_of)
            .end(),
        at("/batch").post(batch::run).end(),
        at("/problems/{code}")
            .page(problem::OFFERS, problem::page::page)
            .end(),
        at("/openapi.json").get(&[], docs::document).end(),
        at("/docs").page(docs::PAGE, docs::page).end(),
        at("/docs/{asset}").page(docs::ASSETS, docs::asset).end(),
    ];
    paths.extend(health(api, slash));
    paths
}

fn health(api: &Api, slash: &str) -> [Path; 2] {
    let at = |path| Methods::at(path, slash, api);
    [
        at("/livez").get(&[], health::live).end(),
        at("/readyz").get(&[], health::ready).end(),
    ]
}

/// Every operation that is registered: path, method, parameters of the query.
#[cfg(test)]
pub(crate) fn operations(api: &Api) -> Vec<(String, &'static str, Parameters)> {
    let paths = paths(api, "").into_iter().chain([root(api)]);
    paths
        .flat_map(|path| {
            let operations = path.operations.into_iter();
            operations.map(move |(method, known)| (path.pattern.clone(), method, known))
        })
        .collect()
}

/// One path, ready to be registered.
struct Path {
    resource: Resource,
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the document"))]
    pattern: String,
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the document"))]
    operations: Vec<(&'static str, Parameters)>,
}

/// The methods of one path. Each handler is named with the query parameters
/// that it knows; others are refused before it is called.
struct Methods<'a> {
    api: &'a Api,
    pattern: String,
    route: RouteId,
    resource: Resource,
    operations: Vec<(&'static str, Parameters)>,
}

type Answer = Result<HttpResponse, Problem>;
type Parameters = &'static [&'static str];

impl<'a> Methods<'a> {
    fn at(path: &'static str, slash: &str, api: &'a Api) -> Self {
        let pattern = format!("{path}{slash}");
        Self {
            api,
            route: api.meters().route(path),
            resource: web::resource(pattern.as_str()),
            pattern,
            operations: Vec::new(),
        }
    }

    /// `GET`, and `HEAD`, of whose answer the server leaves out the body.
    fn get<F>(self, known: Parameters, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["GET", "HEAD"], json(known), handler)
    }

    /// `GET` and `HEAD` of something that is not JSON, or not only.
    fn page<F>(
        self,
        offers: &'static [MediaType],
        handler: impl Fn(Call) -> F + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        let parameters = &[];
        self.on(&["GET", "HEAD"], Terms { parameters, offers }, handler)
    }

    fn post<F>(self, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["POST"], json(&[]), handler)
    }

    fn put<F>(self, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["PUT"], json(&[]), handler)
    }

    fn patch<F>(self, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["PATCH"], json(&[]), handler)
    }

    fn delete<F>(self, known: Parameters, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&["DELETE"], json(known), handler)
    }

    fn on<F>(
        mut self,
        methods: &'static [&'static str],
        terms: Terms,
        handler: impl Fn(Call) -> F + Copy + 'static,
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
        let named = methods.iter().map(|method| (*method, terms.parameters));
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
fn json(parameters: Parameters) -> Terms {
    Terms {
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

async fn elsewhere(call: Call) -> Answer {
    if call.is_about_the_server() {
        return Ok(HttpResponse::NoContent().finish());
    }
    Err(Problem::new(Code::UnknownPath, Code::UnknownPath.meaning()))
}
