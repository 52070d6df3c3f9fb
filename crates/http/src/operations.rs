//! Every operation of the service, each in one place: its path and method, who may call it,
//! what its query may have, what it answers, its entry in the OpenAPI document, and its handler.

use std::future::Future;

use actix_web::HttpResponse;
use utoipa::Path;
use utoipa::openapi::path::{HttpMethod, Operation};

use crate::api::Settings;
use crate::problem::Problem;
use crate::request::accept::{self, MediaType};
use crate::request::authenticate::Access;
use crate::request::context::{RequestContext, RouteOptions};
use crate::resource::{NestedIn, ParentVisitor, RestResource};
use crate::resources::{batch, crud, document, for_each_entity, me};
use crate::service::{self, docs, health, problem_pages};

/// Takes up the operations: the router, or the OpenAPI document.
pub(crate) trait Registrar: Sized {
    /// Adds an operation. `describe` returns its entry in the OpenAPI document, but for who may
    /// call it.
    fn add<F>(
        &mut self,
        path: &'static str,
        method: HttpMethod,
        options: RouteOptions,
        describe: impl FnOnce() -> Operation,
        handler: impl Fn(RequestContext) -> F + Copy + 'static,
    ) where
        F: Future<Output = Answer> + 'static;
}

pub(crate) type Answer = Result<HttpResponse, Problem>;

/// Registers all operations. `openapi` returns the OpenAPI document of an instance.
pub(crate) fn register(registrar: &mut impl Registrar, openapi: fn(&Settings) -> String) {
    // In the order in which the router tries them.
    for_each_entity!(register_all(registrar));
    for_each_entity!(register_one(registrar));
    for_each_entity!(register_nested(registrar));
    let access = Access::Known;
    add::<batch::__path_run, _>(registrar, "batch", "/batch", json(access, &[]), batch::run);
    add::<me::__path_show, _>(registrar, SERVICE, "/me", json(access, &[]), me::show);
    let page = |offers| RouteOptions {
        access: Access::Open,
        parameters: &[],
        offers,
    };
    let open = json(Access::Open, &[]);
    add::<problem_pages::__path_page, _>(
        registrar,
        SERVICE,
        "/problems/{code}",
        page(problem_pages::OFFERS),
        problem_pages::page,
    );
    add::<docs::__path_document, _>(registrar, SERVICE, "/openapi.json", open, move |context| {
        docs::document(context, openapi)
    });
    add::<docs::__path_page, _>(registrar, SERVICE, "/docs", page(docs::PAGE), docs::page);
    register_health(registrar);
}

/// Registers what describes the service, at the one path that has no trailing slash to leave
/// out.
pub(crate) fn register_root(registrar: &mut impl Registrar) {
    let options = RouteOptions {
        access: Access::Open,
        parameters: &[],
        offers: service::document::OFFERS,
    };
    add::<service::document::__path_show, _>(
        registrar,
        SERVICE,
        "/",
        options,
        service::document::show,
    );
}

/// Registers the operations that tell whether the service runs and can serve.
pub(crate) fn register_health(registrar: &mut impl Registrar) {
    let open = json(Access::Open, &[]);
    add::<health::__path_live, _>(registrar, SERVICE, "/livez", open, health::live);
    add::<health::__path_ready, _>(registrar, SERVICE, "/readyz", open, health::ready);
}

/// The operations on all rows of an entity.
fn register_all<E: RestResource>(registrar: &mut impl Registrar) {
    let (read, write) = (Access::Reads(E::READ_SCOPE), Access::Writes(E::WRITE_SCOPE));
    let list = json(read, E::list_parameters());
    registrar.add(
        E::PATH,
        HttpMethod::Get,
        list,
        document::list::<E>,
        crud::list::<E>,
    );
    let create = json(write, &[]);
    registrar.add(
        E::PATH,
        HttpMethod::Post,
        create,
        document::create::<E>,
        crud::create::<E>,
    );
}

/// The operations on one row of an entity.
fn register_one<E: RestResource>(registrar: &mut impl Registrar) {
    let (read, write) = (Access::Reads(E::READ_SCOPE), Access::Writes(E::WRITE_SCOPE));
    let embed: &[_] = if E::EMBEDS.is_empty() {
        &[]
    } else {
        &["embed"]
    };
    let (path, change) = (E::ITEM_PATH, json(write, &[]));
    let read = json(read, embed);
    registrar.add(
        path,
        HttpMethod::Get,
        read,
        document::read::<E>,
        crud::read::<E>,
    );
    registrar.add(
        path,
        HttpMethod::Put,
        change,
        document::replace::<E>,
        crud::replace::<E>,
    );
    registrar.add(
        path,
        HttpMethod::Patch,
        change,
        document::patch::<E>,
        crud::patch::<E>,
    );
    let delete = json(write, E::delete_parameters());
    registrar.add(
        path,
        HttpMethod::Delete,
        delete,
        document::delete::<E>,
        crud::delete::<E>,
    );
}

/// The operations on the rows of one parent, for each parent of an entity.
fn register_nested<E: RestResource>(registrar: &mut impl Registrar) {
    struct Nested<'r, R>(&'r mut R);

    impl<R: Registrar> ParentVisitor for Nested<'_, R> {
        fn parent<P: RestResource, E: NestedIn<P>>(&mut self) {
            let (path, registrar) = (<E as NestedIn<P>>::PATH, &mut *self.0);
            let list = json(Access::Reads(E::READ_SCOPE), E::nested_list_parameters());
            let (describe, handler) = (document::list_of::<P, E>, crud::list_of::<P, E>);
            registrar.add(path, HttpMethod::Get, list, describe, handler);
            let create = json(Access::Writes(E::WRITE_SCOPE), &[]);
            let (describe, handler) = (document::create_of::<P, E>, crud::create_of::<P, E>);
            registrar.add(path, HttpMethod::Post, create, describe, handler);
        }
    }

    E::visit_parents(&mut Nested(registrar));
}

/// Groups the operations on the service itself in the OpenAPI document.
const SERVICE: &str = "service";

/// Adds an operation that `#[utoipa::path]` describes, in a group of the OpenAPI document.
fn add<D: Path, F>(
    registrar: &mut impl Registrar,
    tag: &'static str,
    path: &'static str,
    options: RouteOptions,
    handler: impl Fn(RequestContext) -> F + Copy + 'static,
) where
    F: Future<Output = Answer> + 'static,
{
    for method in D::methods() {
        let describe = || {
            let mut operation = D::operation();
            operation.tags = Some(vec![tag.to_owned()]);
            operation
        };
        registrar.add(path, method, options, describe, handler);
    }
}

/// The options of what answers in JSON.
fn json(access: Access, parameters: &'static [&'static str]) -> RouteOptions {
    const OFFERS: &[MediaType] = &[accept::JSON];
    RouteOptions {
        access,
        parameters,
        offers: OFFERS,
    }
}
