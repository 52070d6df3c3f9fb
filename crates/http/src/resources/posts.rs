//! `/posts`, `/posts/{post_id}` and `/users/{user_id}/posts`.

pub(crate) mod list;
mod openapi;
pub(crate) mod request;
mod response;
pub(crate) mod schemas;

use std::slice;

use actix_web::HttpResponse;
use byline_application::posts as use_case;
use byline_application::{AppError, EntityRef, Page, PostQuery, Session};
use byline_domain::Post;
use byline_domain::policy::Principal;

use crate::list::filter::embeds_user;
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
use crate::resources::users::UserPath;
use crate::response::representation;
use crate::response::stored_response::StoredResponse;
use list::PostListRequest;
use openapi::{
    Embed, PostChanged, PostCreated, PostList, PostLists, PostPath, PostRead, UserPostLists,
};
use schemas::{CreatePost, CreateUserPost, ReplacePost, UpdatePost};

pub(crate) use list::{PARAMETERS, PARAMETERS_OF};
pub(crate) use response::PostResponse;

/// List posts
///
/// A page of all posts. A filter on a key, such as `title.starts`, goes with the
/// sort on that key only.
#[utoipa::path(
    get,
    path = "/posts",
    operation_id = "listPosts",
    tag = "posts",
    params(PostLists),
    security(("bearer" = ["posts:read"])),
    responses(PostList, CommonErrors, AuthErrors)
)]
pub(crate) async fn list(call: RequestContext) -> Result<HttpResponse, Problem> {
    let list = PostListRequest::of(call.query())?;
    show(&call, list, use_case::list).await
}

/// List the posts of a user
///
/// A page of the posts of one user. A filter on a key, such as `title.starts`,
/// goes with the sort on that key only.
#[utoipa::path(
    get,
    path = "/users/{user_id}/posts",
    operation_id = "listUserPosts",
    tag = "posts",
    params(UserPath, UserPostLists),
    security(("bearer" = ["posts:read"])),
    responses(PostList, CommonErrors, AuthErrors, NotFound)
)]
pub(crate) async fn list_of(call: RequestContext) -> Result<HttpResponse, Problem> {
    let author = call.user_id()?;
    let list = PostListRequest::of_author(author, call.query())?;
    show(&call, list, move |session, principal, query| {
        use_case::list_of(session, principal, author, query)
    })
    .await
}

/// Answers with the page that `read` gives, and with what else is wanted: at
/// most one statement for each of page, authors and count.
async fn show(
    call: &RequestContext,
    list: PostListRequest,
    read: impl Fn(&mut dyn Session, &Principal, &PostQuery) -> Result<Page<Post>, AppError>
    + Send
    + 'static,
) -> Result<HttpResponse, Problem> {
    let counts = Preferences::of(call.headers())?.count_exact;
    let known = NoneMatch::of(call.headers())?;
    let embeds = list.embed_user;
    let query = list.query.clone();
    let (page, authors, total) = if counts || embeds {
        call.snapshot(move |session, principal| {
            let page = read(session, principal, &query)?;
            let authors = embeds
                .then(|| use_case::authors(session, principal, &page.items))
                .transpose()?;
            let total = counts
                .then(|| use_case::count(session, principal, &query))
                .transpose()?;
            Ok((page, authors, total))
        })
        .await?
    } else {
        call.read(move |session, principal| Ok((read(session, principal, &query)?, None, None)))
            .await?
    };
    let links = list
        .paging
        .links(call.base(), &page, |post| list.position(post));
    let authors = authors.unwrap_or_default();
    let posts = page.items.iter();
    let posts = posts.map(|post| PostResponse::with(post, authors.get(&post.user_id)));
    representation::list(posts, links, total, known.as_ref())
}

/// Create a post
///
/// The body names the user who wrote it.
#[utoipa::path(
    post,
    path = "/posts",
    operation_id = "createPost",
    tag = "posts",
    params(Repeated),
    request_body = CreatePost,
    security(("bearer" = ["posts:write"])),
    responses(PostCreated, CommonErrors, AuthErrors, BadBody, Conflict, IdempotencyErrors)
)]
pub(crate) async fn create(mut call: RequestContext) -> Result<HttpResponse, Problem> {
    let new = request::create(&call.body(Media::Json).await?)?;
    let now = call.now();
    call.create(
        call.claim(&new),
        move |session, principal| use_case::create(session, principal, &new, now),
        created,
    )
    .await
}

/// Create a post of a user
///
/// The path names the user who wrote it.
#[utoipa::path(
    post,
    path = "/users/{user_id}/posts",
    operation_id = "createUserPost",
    tag = "posts",
    params(UserPath, Repeated),
    request_body = CreateUserPost,
    security(("bearer" = ["posts:write"])),
    responses(PostCreated, CommonErrors, AuthErrors, NotFound, BadBody, IdempotencyErrors)
)]
pub(crate) async fn create_of(mut call: RequestContext) -> Result<HttpResponse, Problem> {
    let author = call.user_id()?;
    let new = request::create_of(author, &call.body(Media::Json).await?)?;
    let now = call.now();
    call.create(
        call.claim(&new),
        move |session, principal| use_case::create_of(session, principal, &new, now),
        created,
    )
    .await
}

/// Get a post
///
/// With `If-None-Match`, only if it has changed; `embed=user` sets conditions
/// aside, and the answer has no `ETag`.
#[utoipa::path(
    get,
    path = "/posts/{post_id}",
    operation_id = "getPost",
    tag = "posts",
    params(PostPath, Embed, Conditional),
    security(("bearer" = ["posts:read"])),
    responses(PostRead, CommonErrors, AuthErrors, NotFound, ReadPrecondition)
)]
pub(crate) async fn read(call: RequestContext) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = ReadConditions::of(call.headers())?;
    if embeds_user(call.query())? {
        let (post, authors) = call
            .snapshot(move |session, principal| {
                let post = use_case::read(session, principal, id)?;
                let authors = use_case::authors(session, principal, slice::from_ref(&post))?;
                Ok((post, authors))
            })
            .await?;
        let author = authors.get(&post.user_id);
        // The version is that of the post alone: as a tag of the whole it would
        // stay the same when the user changes.
        return representation::composed(
            &PostResponse::with(&post, author),
            conditions.none_match(),
        );
    }
    let post = call
        .read(move |session, principal| use_case::read(session, principal, id))
        .await?;
    let is_known = conditions.is_known(EntityRef::Post(id), post.version)?;
    representation::read(&PostResponse::from(&post), is_known)
}

/// Replace a post
///
/// What `GET` returned can be changed and sent back as it is.
#[utoipa::path(
    put,
    path = "/posts/{post_id}",
    operation_id = "replacePost",
    tag = "posts",
    params(PostPath, Guard, Repeated),
    request_body = ReplacePost,
    security(("bearer" = ["posts:write"])),
    responses(PostChanged, CommonErrors, AuthErrors, NotFound, BadBody, Conflict, WritePrecondition, IdempotencyErrors)
)]
pub(crate) async fn replace(mut call: RequestContext) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = call.conditions()?;
    let new = request::replace(&call.body(Media::Json).await?)?;
    let now = call.now();
    call.write(
        call.claim(&new),
        move |session, principal| {
            conditions.check_none_match(EntityRef::Post(id), || {
                Ok(use_case::read(session, principal, id)?.version)
            })?;
            use_case::replace(session, principal, id, &new, &conditions.matches, now)
        },
        changed,
    )
    .await
}

/// Change members of a post
///
/// A merge patch (RFC 7396): what is left out stays as it is.
#[utoipa::path(
    patch,
    path = "/posts/{post_id}",
    operation_id = "updatePost",
    tag = "posts",
    params(PostPath, Guard, Repeated),
    request_body(content((UpdatePost = "application/merge-patch+json"), (UpdatePost = "application/json"))),
    security(("bearer" = ["posts:write"])),
    responses(PostChanged, CommonErrors, AuthErrors, NotFound, BadBody, Conflict, WritePrecondition, IdempotencyErrors)
)]
pub(crate) async fn patch(mut call: RequestContext) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = call.conditions()?;
    let change = request::patch(&call.body(Media::MergePatch).await?)?;
    let now = call.now();
    call.write(
        call.claim(&change),
        move |session, principal| {
            conditions.check_none_match(EntityRef::Post(id), || {
                Ok(use_case::read(session, principal, id)?.version)
            })?;
            use_case::patch(session, principal, id, &change, &conditions.matches, now)
        },
        changed,
    )
    .await
}

/// Delete a post
///
/// With `If-Match`, only if nobody has changed it since.
#[utoipa::path(
    delete,
    path = "/posts/{post_id}",
    operation_id = "deletePost",
    tag = "posts",
    params(PostPath, Guard, Repeated),
    security(("bearer" = ["posts:write"])),
    responses(Deleted, CommonErrors, AuthErrors, NotFound, WritePrecondition, IdempotencyErrors)
)]
pub(crate) async fn delete(call: RequestContext) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = call.conditions()?;
    call.write(
        call.claim(&()),
        move |session, principal| {
            conditions.check_none_match(EntityRef::Post(id), || {
                Ok(use_case::read(session, principal, id)?.version)
            })?;
            use_case::delete(session, principal, id, &conditions.matches)
        },
        |()| Ok(StoredResponse::deleted()),
    )
    .await
}

fn changed(post: &Post) -> Result<StoredResponse, AppError> {
    StoredResponse::changed(&PostResponse::from(post))
}

fn created(post: &Post) -> Result<StoredResponse, AppError> {
    StoredResponse::created(&PostResponse::from(post), format!("/posts/{}", post.id))
}
