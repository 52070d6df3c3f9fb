//! `/users`

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::Utc;
use diesel::prelude::*;

use crate::Connections;
use crate::error::ApiError;
use crate::models::{NewUser, User};
use crate::schema::users;

pub async fn read(
    pool: web::Data<Connections>,
    id: web::Path<i64>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let user = web::block(move || {
        let connection = &mut pool.get()?;
        connection.transaction(|connection| -> Result<_, ApiError> {
            let user = users::table.find(*id).select(User::as_select());
            Ok(user.first(connection)?)
        })
    })
    .await??;
    let etag = format!("\"{}\"", user.version);
    let known = request.headers().get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, etag))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag))
        .json(user))
}

pub async fn create(
    pool: web::Data<Connections>,
    new: web::Json<NewUser>,
) -> Result<HttpResponse, ApiError> {
    let user = web::block(move || {
        let connection = &mut pool.get()?;
        let now = Utc::now().naive_utc();
        connection.immediate_transaction(|connection| -> Result<_, ApiError> {
            Ok(diesel::insert_into(users::table)
                .values((
                    users::name.eq(&new.name),
                    users::email.eq(&new.email),
                    users::created_at.eq(now),
                    users::updated_at.eq(now),
                    users::version.eq(1),
                ))
                .returning(User::as_returning())
                .get_result(connection)?)
        })
    })
    .await??;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/users/{}", user.id)))
        .insert_header((header::ETAG, format!("\"{}\"", user.version)))
        .json(user))
}
