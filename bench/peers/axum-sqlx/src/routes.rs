//! Users and posts. Compiled once for each engine, which supplies `Pool`.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::Pool;

pub fn router(pool: Pool) -> Router {
    Router::new()
        .route("/users", post(create_user))
        .route("/users/{id}", get(read_user))
        .route("/users/{id}/posts", get(list_posts_of_user))
        .route("/posts", get(list_posts))
        .route("/posts/{id}", patch(patch_post))
        .with_state(pool)
}

#[derive(FromRow, Serialize)]
struct User {
    id: i64,
    name: String,
    email: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(skip)]
    version: i64,
}

#[derive(FromRow, Serialize)]
struct Post {
    id: i64,
    user_id: i64,
    title: String,
    content: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(skip)]
    version: i64,
}

#[derive(Deserialize)]
struct CreateUser {
    name: String,
    email: String,
}

#[derive(Deserialize)]
struct PatchPost {
    title: Option<String>,
    content: Option<String>,
}

#[derive(Deserialize)]
struct Page {
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

#[derive(Debug, thiserror::Error)]
enum ApiError {
    #[error("not found")]
    NotFound,
    #[error("changed by somebody else")]
    PreconditionFailed,
    #[error("the e-mail address is taken")]
    EmailTaken,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::EmailTaken => StatusCode::CONFLICT,
            Self::Database(error) => {
                eprintln!("{error}");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        };
        #[derive(Serialize)]
        struct Body {
            error: String,
        }
        let error = self.to_string();
        (status, Json(Body { error })).into_response()
    }
}

fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

async fn read_user(
    State(pool): State<Pool>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user: User = sqlx::query_as("SELECT * FROM users WHERE id = ?")
        .bind(id)
        .fetch_optional(&pool)
        .await?
        .ok_or(ApiError::NotFound)?;
    let etag = etag(user.version);
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    Ok(([(header::ETAG, etag)], Json(user)).into_response())
}

async fn create_user(
    State(pool): State<Pool>,
    Json(new): Json<CreateUser>,
) -> Result<Response, ApiError> {
    let now = Utc::now();
    let user: User = sqlx::query_as(
        "INSERT INTO users (name, email, created_at, updated_at, version) \
         VALUES (?, ?, ?, ?, 1) RETURNING *",
    )
    .bind(new.name)
    .bind(new.email)
    .bind(now)
    .bind(now)
    .fetch_one(&pool)
    .await
    .map_err(|error| match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => ApiError::EmailTaken,
        error => error.into(),
    })?;
    let headers = [
        (header::LOCATION, format!("/users/{}", user.id)),
        (header::ETAG, etag(user.version)),
    ];
    Ok((StatusCode::CREATED, headers, Json(user)).into_response())
}

async fn list_posts(
    State(pool): State<Pool>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<Post>>, ApiError> {
    let statement = match page.sort {
        Sort::Id => "SELECT * FROM posts ORDER BY id LIMIT ? OFFSET ?",
        Sort::NewestFirst => {
            "SELECT * FROM posts ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?"
        }
    };
    let posts = sqlx::query_as(statement)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(&pool)
        .await?;
    Ok(Json(posts))
}

async fn list_posts_of_user(
    State(pool): State<Pool>,
    Path(user_id): Path<i64>,
    Query(page): Query<Page>,
) -> Result<Json<Vec<Post>>, ApiError> {
    let statement = match page.sort {
        Sort::Id => "SELECT * FROM posts WHERE user_id = ? ORDER BY id LIMIT ? OFFSET ?",
        Sort::NewestFirst => {
            "SELECT * FROM posts WHERE user_id = ? ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?"
        }
    };
    let posts = sqlx::query_as(statement)
        .bind(user_id)
        .bind(page.limit)
        .bind(page.offset)
        .fetch_all(&pool)
        .await?;
    Ok(Json(posts))
}

async fn patch_post(
    State(pool): State<Pool>,
    Path(id): Path<i64>,
    headers: HeaderMap,
    Json(change): Json<PatchPost>,
) -> Result<Response, ApiError> {
    let version: Option<i64> = headers
        .get(header::IF_MATCH)
        .and_then(|value| value.to_str().ok()?.trim_matches('"').parse().ok());
    let changed = sqlx::query(
        "UPDATE posts SET title = COALESCE(?, title), content = COALESCE(?, content), \
         updated_at = ?, version = version + 1 WHERE id = ? AND version = COALESCE(?, version)",
    )
    .bind(change.title)
    .bind(change.content)
    .bind(Utc::now())
    .bind(id)
    .bind(version)
    .execute(&pool)
    .await?;
    let post: Post = sqlx::query_as("SELECT * FROM posts WHERE id = ?")
        .bind(id)
        .fetch_optional(&pool)
        .await?
        .ok_or(ApiError::NotFound)?;
    if changed.rows_affected() == 0 {
        return Err(ApiError::PreconditionFailed);
    }
    Ok(([(header::ETAG, etag(post.version))], Json(post)).into_response())
}
