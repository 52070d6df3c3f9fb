//! `/posts` and `/users/{id}/posts`

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use diesel::prelude::*;
use serde::Deserialize;

use crate::Connections;
use crate::error::ApiError;
use crate::models::{Post, PostChange};
use crate::schema::posts;

#[derive(Deserialize)]
pub struct Page {
    #[serde(default = "fifty")]
    limit: i64,
    #[serde(default)]
    offset: i64,
    #[serde(default)]
    sort: Sort,
}

fn fifty() -> i64 {
    50
}

#[derive(Default, Deserialize)]
enum Sort {
    #[default]
    #[serde(rename = "id")]
    Id,
    #[serde(rename = "-created_at")]
    NewestFirst,
}

pub async fn list(
    pool: web::Data<Connections>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    find(pool, None, page.into_inner()).await
}

pub async fn list_of_user(
    pool: web::Data<Connections>,
    user: web::Path<i64>,
    page: web::Query<Page>,
) -> Result<HttpResponse, ApiError> {
    find(pool, Some(*user), page.into_inner()).await
}

async fn find(
    pool: web::Data<Connections>,
    user: Option<i64>,
    page: Page,
) -> Result<HttpResponse, ApiError> {
    let posts = web::block(move || {
        let connection = &mut pool.get()?;
        let mut query = posts::table.select(Post::as_select()).into_boxed();
        if let Some(user) = user {
            query = query.filter(posts::user_id.eq(user));
        }
        query = match page.sort {
            Sort::Id => query.order(posts::id),
            Sort::NewestFirst => query.order((posts::created_at.desc(), posts::id.desc())),
        };
        connection.transaction(|connection| -> Result<_, ApiError> {
            Ok(query
                .limit(page.limit)
                .offset(page.offset)
                .load(connection)?)
        })
    })
    .await??;
    Ok(HttpResponse::Ok().json(posts))
}

pub async fn patch(
    pool: web::Data<Connections>,
    id: web::Path<i64>,
    change: web::Json<PostChange>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let version: Option<i64> = request
        .headers()
        .get(header::IF_MATCH)
        .and_then(|value| value.to_str().ok()?.trim_matches('"').parse().ok());
    let post = web::block(move || {
        let connection = &mut pool.get()?;
        connection.immediate_transaction(|connection| {
            let current: i64 = posts::table
                .find(*id)
                .select(posts::version)
                .first(connection)?;
            if version.is_some_and(|version| version != current) {
                return Err(ApiError::PreconditionFailed);
            }
            Ok(diesel::update(posts::table.find(*id))
                .set((
                    &change.into_inner(),
                    posts::updated_at.eq(Utc::now().naive_utc()),
                    posts::version.eq(posts::version + 1),
                ))
                .returning(Post::as_returning())
                .get_result(connection)?)
        })
    })
    .await??;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, format!("\"{}\"", post.version)))
        .json(post))
}
