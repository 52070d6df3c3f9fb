use std::future::Future;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, Resource, guard, web};

use crate::call::{Call, answer};
use crate::problem::{self, Code, Problem};
use crate::{Api, batch, health, posts, service_document, users};

/// Registers every route, with and without a trailing slash, and the answers to
/// unknown paths and methods.
pub fn configure(api: &Api) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let api = api.clone();
    move |config| {
        for slash in ["", "/"] {
            for resource in resources(&api, slash) {
                config.service(resource);
            }
        }
        config.service(
            Methods::at("/", &api)
                .get(&[], service_document::show)
                .end(),
        );
        config.default_service(web::to(move |request, payload| {
            answer(api.clone(), elsewhere, None, request, payload)
        }));
    }
}

/// In the order in which they are tried.
fn resources(api: &Api, slash: &str) -> Vec<Resource> {
    let at = |path: &str| Methods::at(&format!("{path}{slash}"), api);
    vec![
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
        at("/livez").get(&[], health::live).end(),
        at("/readyz").get(&[], health::ready).end(),
        at("/problems/{code}").get(&[], problem::page).end(),
    ]
}

/// The methods of one path. Each handler is named with the query parameters
/// that it knows; others are refused before it is called.
struct Methods<'a> {
    api: &'a Api,
    resource: Resource,
    allowed: Vec<&'static str>,
}

type Answer = Result<HttpResponse, Problem>;
type Parameters = &'static [&'static str];

impl<'a> Methods<'a> {
    fn at(path: &str, api: &'a Api) -> Self {
        Self {
            api,
            resource: web::resource(path),
            allowed: Vec::new(),
        }
    }

    /// `GET`, and `HEAD`, of whose answer the server leaves out the body.
    fn get<F>(self, known: Parameters, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(
            &[Method::GET, Method::HEAD],
            &["GET", "HEAD"],
            known,
            handler,
        )
    }

    fn post<F>(self, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&[Method::POST], &["POST"], &[], handler)
    }

    fn put<F>(self, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&[Method::PUT], &["PUT"], &[], handler)
    }

    fn patch<F>(self, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&[Method::PATCH], &["PATCH"], &[], handler)
    }

    fn delete<F>(self, known: Parameters, handler: impl Fn(Call) -> F + Copy + 'static) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        self.on(&[Method::DELETE], &["DELETE"], known, handler)
    }

    fn on<F>(
        mut self,
        methods: &'static [Method],
        names: &[&'static str],
        known: Parameters,
        handler: impl Fn(Call) -> F + Copy + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + 'static,
    {
        let api = self.api.clone();
        let route = web::route()
            .guard(guard::fn_guard(move |context| {
                methods.contains(&context.head().method)
            }))
            .to(move |request: HttpRequest, payload: web::Payload| {
                answer(api.clone(), handler, Some(known), request, payload)
            });
        self.resource = self.resource.route(route);
        self.allowed.extend(names);
        self
    }

    /// Adds `OPTIONS`, and the refusal of every other method.
    fn end(mut self) -> Resource {
        self.allowed.push("OPTIONS");
        let allow = HeaderValue::try_from(self.allowed.join(", "))
            .unwrap_or(HeaderValue::from_static("OPTIONS"));
        let api = self.api.clone();
        self.resource
            .default_service(web::to(move |request: HttpRequest, payload| {
                let allow = allow.clone();
                let is_options = request.method() == Method::OPTIONS;
                answer(
                    api.clone(),
                    move |_| async move { other(is_options, allow) },
                    None,
                    request,
                    payload,
                )
            }))
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
