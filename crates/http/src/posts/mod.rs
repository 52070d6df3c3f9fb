//! `/posts`, `/posts/{post_id}` and `/users/{user_id}/posts`.

pub(crate) mod request;
mod response;

use actix_web::HttpResponse;
use byline_application::posts as use_case;
use byline_application::{AppError, PostQuery, Subject};
use byline_domain::Post;

use crate::answer;
use crate::body::Media;
use crate::call::Call;
use crate::etag::NoneMatch;
use crate::outcome::Outcome;
use crate::paging::Paging;
use crate::problem::Problem;
use response::PostResponse;

/// `GET /posts`
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

/// `GET /users/{user_id}/posts`
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

/// `POST /posts`
pub(crate) async fn create(mut call: Call) -> Result<HttpResponse, Problem> {
    let new = request::create(&call.body(Media::Json).await?)?;
    let (principal, now) = (call.principal(), call.now());
    call.create(
        call.claim(&new),
        move |session| use_case::create(session, &principal, &new, now),
        created,
    )
    .await
}

/// `POST /users/{user_id}/posts`
pub(crate) async fn create_of(mut call: Call) -> Result<HttpResponse, Problem> {
    let author = call.user_id()?;
    let new = request::create_of(author, &call.body(Media::Json).await?)?;
    let (principal, now) = (call.principal(), call.now());
    call.create(
        call.claim(&new),
        move |session| use_case::create_of(session, &principal, &new, now),
        created,
    )
    .await
}

/// `GET /posts/{post_id}`
pub(crate) async fn read(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let none_match = NoneMatch::of(call.headers())?;
    let principal = call.principal();
    let post = call
        .read(move |session| use_case::read(session, &principal, id))
        .await?;
    answer::read(&PostResponse::from(&post), none_match.as_ref())
}

/// `PUT /posts/{post_id}`
pub(crate) async fn replace(mut call: Call) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = call.conditions()?;
    let new = request::replace(&call.body(Media::Json).await?)?;
    let (principal, now) = (call.principal(), call.now());
    call.write(
        call.claim(&new),
        move |session| {
            conditions.check_none_match(Subject::Post(id), || {
                Ok(use_case::read(session, &principal, id)?.version)
            })?;
            use_case::replace(session, &principal, id, &new, &conditions.matches, now)
        },
        changed,
    )
    .await
}

/// `PATCH /posts/{post_id}`
pub(crate) async fn patch(mut call: Call) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = call.conditions()?;
    let change = request::patch(&call.body(Media::MergePatch).await?)?;
    let (principal, now) = (call.principal(), call.now());
    call.write(
        call.claim(&change),
        move |session| {
            conditions.check_none_match(Subject::Post(id), || {
                Ok(use_case::read(session, &principal, id)?.version)
            })?;
            use_case::patch(session, &principal, id, &change, &conditions.matches, now)
        },
        changed,
    )
    .await
}

/// `DELETE /posts/{post_id}`
pub(crate) async fn delete(call: Call) -> Result<HttpResponse, Problem> {
    let id = call.post_id()?;
    let conditions = call.conditions()?;
    let principal = call.principal();
    call.write(
        call.claim(&()),
        move |session| {
            conditions.check_none_match(Subject::Post(id), || {
                Ok(use_case::read(session, &principal, id)?.version)
            })?;
            use_case::delete(session, &principal, id, &conditions.matches)
        },
        |()| Ok(Outcome::deleted()),
    )
    .await
}

fn changed(post: &Post) -> Result<Outcome, AppError> {
    Outcome::changed(&PostResponse::from(post))
}

fn created(post: &Post) -> Result<Outcome, AppError> {
    Outcome::created(&PostResponse::from(post), format!("/posts/{}", post.id))
}
