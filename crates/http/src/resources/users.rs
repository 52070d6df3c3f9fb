//! `/users` and `/users/{user_id}`.

pub(crate) mod list;
mod openapi;
pub(crate) mod request;
mod response;
pub(crate) mod schemas;

use actix_web::HttpResponse;
use byline_application::AppError;
use byline_application::EntityRef;
use byline_application::users::{self as use_case, Posts};
use byline_domain::User;

use crate::openapi::parameters::{Conditional, Guard, Repeated};
use crate::openapi::refusals::{
    AuthErrors, BadBody, CommonErrors, Conflict, IdempotencyErrors, NotFound, ReadPrecondition,
    WritePrecondition,
};
use crate::openapi::responses::Deleted;
use crate::problem::Problem;
use crate::request::body::Media;
use crate::request::context::RequestContext;
use crate::request::preconditions::{NoneMatch, ReadConditions};
use crate::request::prefer::Preferences;
use crate::request::query;
use crate::response::representation;
use crate::response::stored_response::StoredResponse;
use list::UserListRequest;
use openapi::{UserChanged, UserCreated, UserList, UserLists, UserRead, WithPosts};
use schemas::{CreateUser, ReplaceUser, UpdateUser};

pub(crate) use list::PARAMETERS;
pub(crate) use openapi::UserPath;
pub(crate) use response::UserResponse;

/// List users
///
/// A page of all users. A filter on a key, such as `name.starts`, goes with the
/// sort on that key only.
#[utoipa::path(
    get,
    path = "/users",
    operation_id = "listUsers",
    tag = "users",
    params(UserLists),
    security(("bearer" = ["users:read"])),
    responses(UserList, CommonErrors, AuthErrors)
)]
pub(crate) async fn list(call: RequestContext) -> Result<HttpResponse, Problem> {
    let list = UserListRequest::of(call.query())?;
    let counts = Preferences::of(call.headers())?.count_exact;
    let known = NoneMatch::of(call.headers())?;
    let query = list.query.clone();
    let (page, total) = if counts {
        call.snapshot(move |session, principal| {
            let page = use_case::list(session, principal, &query)?;
            let total = use_case::count(session, principal, &query)?;
            Ok((page, Some(total)))
        })
        .await?
    } else {
        call.read(move |session, principal| Ok((use_case::list(session, principal, &query)?, None)))
            .await?
    };
    let links = list
        .paging
        .links(call.base(), &page, |user| list.position(user));
    let users = page.items.iter().map(UserResponse::from);
    representation::list(users, links, total, known.as_ref())
}

/// Create a user
///
/// The e-mail address must be nobody else's.
#[utoipa::path(
    post,
    path = "/users",
    operation_id = "createUser",
    tag = "users",
    params(Repeated),
    request_body = CreateUser,
    security(("bearer" = ["users:write"])),
    responses(UserCreated, CommonErrors, AuthErrors, BadBody, Conflict, IdempotencyErrors)
)]
pub(crate) async fn create(mut call: RequestContext) -> Result<HttpResponse, Problem> {
    let new = request::create(&call.body(Media::Json).await?)?;
    let now = call.now();
    call.create(
        call.claim(&new),
        move |session, principal| use_case::create(session, principal, &new, now),
        |user| StoredResponse::created(&UserResponse::from(user), format!("/users/{}", user.id)),
    )
    .await
}

/// Get a user
///
/// With `If-None-Match`, only if it has changed.
#[utoipa::path(
    get,
    path = "/users/{user_id}",
    operation_id = "getUser",
    tag = "users",
    params(UserPath, Conditional),
    security(("bearer" = ["users:read"])),
    responses(UserRead, CommonErrors, AuthErrors, NotFound, ReadPrecondition)
)]
pub(crate) async fn read(call: RequestContext) -> Result<HttpResponse, Problem> {
    let id = call.user_id()?;
    let conditions = ReadConditions::of(call.headers())?;
    let user = call
        .read(move |session, principal| use_case::read(session, principal, id))
        .await?;
    let is_known = conditions.is_known(EntityRef::User(id), user.version)?;
    representation::read(&UserResponse::from(&user), is_known)
}

/// Replace a user
///
/// What `GET` returned can be changed and sent back as it is.
#[utoipa::path(
    put,
    path = "/users/{user_id}",
    operation_id = "replaceUser",
    tag = "users",
    params(UserPath, Guard, Repeated),
    request_body = ReplaceUser,
    security(("bearer" = ["users:write"])),
    responses(UserChanged, CommonErrors, AuthErrors, NotFound, BadBody, Conflict, WritePrecondition, IdempotencyErrors)
)]
pub(crate) async fn replace(mut call: RequestContext) -> Result<HttpResponse, Problem> {
    let id = call.user_id()?;
    let conditions = call.conditions()?;
    let new = request::replace(&call.body(Media::Json).await?)?;
    let now = call.now();
    call.write(
        call.claim(&new),
        move |session, principal| {
            conditions.check_none_match(EntityRef::User(id), || {
                Ok(use_case::read(session, principal, id)?.version)
            })?;
            use_case::replace(session, principal, id, &new, &conditions.matches, now)
        },
        changed,
    )
    .await
}

/// Change members of a user
///
/// A merge patch (RFC 7396): what is left out stays as it is.
#[utoipa::path(
    patch,
    path = "/users/{user_id}",
    operation_id = "updateUser",
    tag = "users",
    params(UserPath, Guard, Repeated),
    request_body(content((UpdateUser = "application/merge-patch+json"), (UpdateUser = "application/json"))),
    security(("bearer" = ["users:write"])),
    responses(UserChanged, CommonErrors, AuthErrors, NotFound, BadBody, Conflict, WritePrecondition, IdempotencyErrors)
)]
pub(crate) async fn patch(mut call: RequestContext) -> Result<HttpResponse, Problem> {
    let id = call.user_id()?;
    let conditions = call.conditions()?;
    let change = request::patch(&call.body(Media::MergePatch).await?)?;
    let now = call.now();
    call.write(
        call.claim(&change),
        move |session, principal| {
            conditions.check_none_match(EntityRef::User(id), || {
                Ok(use_case::read(session, principal, id)?.version)
            })?;
            use_case::patch(session, principal, id, &change, &conditions.matches, now)
        },
        changed,
    )
    .await
}

/// Delete a user
///
/// A user who has posts is deleted only with them: `posts=delete`.
#[utoipa::path(
    delete,
    path = "/users/{user_id}",
    operation_id = "deleteUser",
    tag = "users",
    params(UserPath, WithPosts, Guard, Repeated),
    security(("bearer" = ["users:write"])),
    responses(Deleted, CommonErrors, AuthErrors, NotFound, Conflict, WritePrecondition, IdempotencyErrors)
)]
pub(crate) async fn delete(call: RequestContext) -> Result<HttpResponse, Problem> {
    let id = call.user_id()?;
    let posts = match call.query().get("posts") {
        None => Posts::Keep,
        Some("delete") => Posts::Delete,
        Some(_) => return Err(query::invalid("posts", "unknown-value", "must be `delete`")),
    };
    let conditions = call.conditions()?;
    call.write(
        call.claim(&()),
        move |session, principal| {
            conditions.check_none_match(EntityRef::User(id), || {
                Ok(use_case::read(session, principal, id)?.version)
            })?;
            use_case::delete(session, principal, id, posts, &conditions.matches)
        },
        |()| Ok(StoredResponse::deleted()),
    )
    .await
}

fn changed(user: &User) -> Result<StoredResponse, AppError> {
    StoredResponse::changed(&UserResponse::from(user))
}
