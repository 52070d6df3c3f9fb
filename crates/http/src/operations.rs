//! All operations of the service. Each is registered once: its path and method, its access, query
//! parameters and media types, its entry in the OpenAPI document, and its handler.

use std::future::Future;

use utoipa::Path;
use utoipa::openapi::path::HttpMethod::{self, Delete, Get, Patch, Post, Put};
use utoipa::openapi::path::Operation;

use crate::api::Settings;
use crate::problem::HandlerResult;
use crate::request::authenticate::Access;
use crate::request::context::{RequestContext, RouteOptions};
use crate::resource::{NestedIn, ParentVisitor, RestResource, for_each_entity};
use crate::resources::{batch, crud, document, me};
use crate::service::{self, docs, health, problem_pages};

/// The router, or the OpenAPI document: it collects the operations.
pub(crate) trait Registrar: Sized {
    /// Adds an operation. `describe` returns its entry in the OpenAPI document, without its
    /// access.
    fn add<F>(
        &mut self,
        path: &'static str,
        method: HttpMethod,
        options: RouteOptions,
        describe: impl FnOnce() -> Operation,
        handler: impl Fn(RequestContext) -> F + Copy + 'static,
    ) where
        F: Future<Output = HandlerResult> + 'static;
}

/// Registers all operations. `openapi` returns the OpenAPI document of an instance.
pub(crate) fn register(registrar: &mut impl Registrar, openapi: fn(&Settings) -> String) {
    for_each_entity!(register_rows(registrar));
    for_each_entity!(register_nested(registrar));
    let known = RouteOptions::json(Access::Known, &[]);
    add::<batch::__path_run, _>(registrar, "batch", "/batch", known, batch::run);
    add::<me::__path_show, _>(registrar, SERVICE, "/me", known, me::show);
    let (path, page) = (
        "/problems/{code}",
        RouteOptions::page(problem_pages::OFFERS),
    );
    add::<problem_pages::__path_page, _>(registrar, SERVICE, path, page, problem_pages::page);
    let (path, open) = ("/openapi.json", RouteOptions::json(Access::Open, &[]));
    let document = move |context| docs::document(context, openapi);
    add::<docs::__path_document, _>(registrar, SERVICE, path, open, document);
    let page = RouteOptions::page(docs::PAGE);
    add::<docs::__path_page, _>(registrar, SERVICE, "/docs", page, docs::page);
    register_health(registrar);
}

/// Registers the service document. Its path has no trailing slash to leave out.
pub(crate) fn register_root(registrar: &mut impl Registrar) {
    let page = RouteOptions::page(service::document::OFFERS);
    let show = service::document::show;
    add::<service::document::__path_show, _>(registrar, SERVICE, "/", page, show);
}

/// Registers the operations that tell whether the service runs and can serve.
pub(crate) fn register_health(registrar: &mut impl Registrar) {
    let open = RouteOptions::json(Access::Open, &[]);
    add::<health::__path_live, _>(registrar, SERVICE, "/livez", open, health::live);
    add::<health::__path_ready, _>(registrar, SERVICE, "/readyz", open, health::ready);
}

/// Registers the operations on all rows and on one row of an entity.
fn register_rows<E: RestResource>(registrar: &mut impl Registrar) {
    let parameters = E::parameters();
    let embed: &[_] = if E::EMBEDS.is_empty() {
        &[]
    } else {
        &["embed"]
    };
    let list = RouteOptions::json(Access::Reads(E::READ_SCOPE), &parameters.list);
    let read = RouteOptions::json(Access::Reads(E::READ_SCOPE), embed);
    let write = RouteOptions::json(Access::Writes(E::WRITE_SCOPE), &[]);
    let delete = RouteOptions::json(Access::Writes(E::WRITE_SCOPE), &parameters.delete);
    let (all, one) = (E::PATH, E::ITEM_PATH);
    registrar.add(all, Get, list, document::list::<E>, crud::list::<E>);
    registrar.add(all, Post, write, document::create::<E>, crud::create::<E>);
    registrar.add(one, Get, read, document::read::<E>, crud::read::<E>);
    registrar.add(one, Put, write, document::replace::<E>, crud::replace::<E>);
    registrar.add(one, Patch, write, document::patch::<E>, crud::patch::<E>);
    registrar.add(
        one,
        Delete,
        delete,
        document::delete::<E>,
        crud::delete::<E>,
    );
}

/// Registers the operations on the rows of one parent, for each parent of an entity.
fn register_nested<E: RestResource>(registrar: &mut impl Registrar) {
    struct Nested<'r, R>(&'r mut R);

    impl<R: Registrar> ParentVisitor for Nested<'_, R> {
        fn parent<P: RestResource, E: NestedIn<P>>(&mut self) {
            let (path, registrar) = (<E as NestedIn<P>>::PATH, &mut *self.0);
            let parameters = &E::parameters().nested_list;
            let list = RouteOptions::json(Access::Reads(E::READ_SCOPE), parameters);
            let (describe, handler) = (document::list_of::<P, E>, crud::list_of::<P, E>);
            registrar.add(path, Get, list, describe, handler);
            let create = RouteOptions::json(Access::Writes(E::WRITE_SCOPE), &[]);
            let (describe, handler) = (document::create_of::<P, E>, crud::create_of::<P, E>);
            registrar.add(path, Post, create, describe, handler);
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
    F: Future<Output = HandlerResult> + 'static,
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
