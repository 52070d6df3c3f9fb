//! `/posts`, `/posts/{post_id}` and `/users/{user_id}/posts`.

mod request;
mod response;

use actix_web::HttpResponse;
use byline_application::posts as use_case;
use byline_application::{PostQuery, Subject};
use byline_domain::Post;

use crate::answer;
use crate::body::Media;
use crate::call::Call;
use crate::etag::NoneMatch;
use crate::openapi::parameters::{Fresh, Guard, Page, PostPath, UserPath};
use crate::openapi::refusals::{Absent, Always, BadBody, Clash, Unmet};
use crate::openapi::responses::{Deleted, PostChanged, PostCreated, PostList, PostRead};
use crate::openapi::schemas::{CreatePost, CreateUserPost, ReplacePost, UpdatePost};
use crate::paging::Paging;
use crate::problem::Problem;

pub(crate) use response::PostResponse;

/// List posts
///
/// A page of all posts.
#[utoipa::path(
    get,
    path = "/posts",
    operation_id = "listPosts",
    tag = "posts",
    params(Page),
    responses(PostList, Always)
)]
pub(crate) async fn list(call: Call) -> Result<HttpResponse, Problem> {
    let paging = Paging::of("/posts", call.query())?;
    let query = PostQuery {
        author: None,
        seek: paging.seek,
        limit: paging.limit,
    };
    let principal = call.principal();
    let page = call
        .read(move |session| use_case::list(session, &principal, &query))
        .await?;
    let links = paging.links(&page, |post| post.id);
    answer::list(page.items.iter().map(PostResponse::from), links)
}

/// List the posts of a user
///
/// A page of the posts of one user.
#[utoipa::path(
    get,
    path = "/users/{user_id}/posts",
    operation_id = "listUserPosts",
    tag = "posts",
    params(UserPath, Page),
    responses(PostList, Always, Absent)
)]
pub(crate) async fn list_of(call: Call) -> Result<HttpResponse, Problem> {
    let author = call.user_id()?;
    let paging = Paging::of(format!("/users/{author}/posts"), call.query())?;
    let query = PostQuery {
        author: Some(author),
        seek: paging.seek,
        limit: paging.limit,
    };
    let principal = call.principal();
    let page = call
        .read(move |session| use_case::list_of(session, &principal, author, &query))
        .await?;
    let links = paging.links(&page, |post| post.id);
    answer::list(page.items.iter().map(PostResponse::from), links)
}

/// Create a post
///
/// The body names the user who wrote it.
#[utoipa::path(
    post,
    path = "/posts",
    operation_id = "createPost",
    tag = "posts",
    request_body = CreatePost,
    responses(PostCreated, Always, BadBody, Clash)
)]
pub(crate) async fn create(mut call: Call) -> Result<HttpResponse, Problem> {
    let new = request::create(&call.body(Media::Json).await?)?;
    let (principal, now) = (call.principal(), call.now());
    let post = call
        .create(move |session| use_case::create(session, &principal, &new, now))
        .await?;
    created(&post)
}

/// Create a post of a user
///
/// The path names the user who wrote it.
#[utoipa::path(
    post,
    path = "/users/{user_id}/posts",
    operation_id = "createUserPost",
    tag = "posts",
    params(UserPath),
    request_body = CreateUserPost,
    responses(PostCreated, Always, Absent, BadBody)
)]
pub(crate) async fn create_of(mut call: Call) -> Result<HttpResponse, Problem> {
    let author = call.user_id()?;
    let new = request::create_of(author, &call.body(Media::Json).await?)?;
    let (principal, now) = (call.principal(), call.now());
    let post = call
        .create(move |session| use_case::create_of(session, &principal, &new, now))
        .await?;
    created(&post)
}

/// Get a post
///
/// With `If-None-Match`, only if it has changed.
#[utoipa::path(
    get,
    path = "/posts/{post_id}",
    operation_id = "getPost",
    tag = "posts",
    params(PostPath, Fresh),
    responses(PostRead, Always, Absent)
)]
pub(crate) async fn read(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let none_match = NoneMatch::of(call.headers())?;
    let principal = call.principal();
    let post = call
        .read(move |session| use_case::read(session, &principal, id))
        .await?;
    answer::read(&PostResponse::from(&post), none_match.as_ref())
}

/// Replace a post
///
/// What `GET` returned can be changed and sent back as it is.
#[utoipa::path(
    put,
    path = "/posts/{post_id}",
    operation_id = "replacePost",
    tag = "posts",
    params(PostPath, Guard),
    request_body = ReplacePost,
    responses(PostChanged, Always, Absent, BadBody, Clash, Unmet)
)]
pub(crate) async fn replace(mut call: Call) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = call.conditions()?;
    let new = request::replace(&call.body(Media::Json).await?)?;
    let (principal, now) = (call.principal(), call.now());
    let post = call
        .write(move |session| {
            conditions.check_none_match(Subject::Post(id), || {
                Ok(use_case::read(session, &principal, id)?.version)
            })?;
            use_case::replace(session, &principal, id, &new, &conditions.matches, now)
        })
        .await?;
    answer::changed(&PostResponse::from(&post))
}

/// Change members of a post
///
/// A merge patch (RFC 7396): what is left out stays as it is.
#[utoipa::path(
    patch,
    path = "/posts/{post_id}",
    operation_id = "updatePost",
    tag = "posts",
    params(PostPath, Guard),
    request_body(content((UpdatePost = "application/merge-patch+json"), (UpdatePost = "application/json"))),
    responses(PostChanged, Always, Absent, BadBody, Clash, Unmet)
)]
pub(crate) async fn patch(mut call: Call) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = call.conditions()?;
    let change = request::patch(&call.body(Media::MergePatch).await?)?;
    let (principal, now) = (call.principal(), call.now());
    let post = call
        .write(move |session| {
            conditions.check_none_match(Subject::Post(id), || {
                Ok(use_case::read(session, &principal, id)?.version)
            })?;
            use_case::patch(session, &principal, id, &change, &conditions.matches, now)
        })
        .await?;
    answer::changed(&PostResponse::from(&post))
}

/// Delete a post
///
/// With `If-Match`, only if nobody has changed it since.
#[utoipa::path(
    delete,
    path = "/posts/{post_id}",
    operation_id = "deletePost",
    tag = "posts",
    params(PostPath, Guard),
    responses(Deleted, Always, Absent, Unmet)
)]
pub(crate) async fn delete(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = call.conditions()?;
    let principal = call.principal();
    call.write(move |session| {
        conditions.check_none_match(Subject::Post(id), || {
            Ok(use_case::read(session, &principal, id)?.version)
        })?;
        use_case::delete(session, &principal, id, &conditions.matches)
    })
    .await?;
    Ok(answer::deleted())
}

fn created(post: &Post) -> Result<HttpResponse, Problem> {
    answer::created(&PostResponse::from(post), format!("/posts/{}", post.id))
}
