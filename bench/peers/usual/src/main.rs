//! The usual way: actix-web, `web::block`, r2d2 and diesel, a transaction for
//! each request, on a database that `bylinectl migrate` made.
//!
//! `usual ADDRESS FILE`

use actix_web::{App, HttpResponse, HttpServer, error, web};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};

type Connections = Pool<ConnectionManager<SqliteConnection>>;

diesel::table! {
    users (id) {
        id -> BigInt,
        name -> Text,
        email -> Text,
        email_key -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

#[derive(serde::Serialize, Queryable, Selectable)]
struct User {
    id: i64,
    name: String,
    email: String,
    created_at: i64,
    updated_at: i64,
}

#[derive(serde::Deserialize)]
struct NewUser {
    name: String,
    email: String,
}

#[derive(Debug)]
struct Durable;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Durable {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), diesel::r2d2::Error> {
        connection
            .batch_execute(
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
                 PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
            )
            .map_err(diesel::r2d2::Error::QueryError)
    }
}

async fn read(pool: web::Data<Connections>, id: web::Path<i64>) -> actix_web::Result<HttpResponse> {
    let user = web::block(move || {
        let mut connection = pool.get().map_err(|error| error.to_string())?;
        users::table
            .find(*id)
            .select(User::as_select())
            .first(&mut connection)
            .optional()
            .map_err(|error| error.to_string())
    })
    .await?
    .map_err(error::ErrorInternalServerError)?;
    Ok(user.map_or_else(
        || HttpResponse::NotFound().finish(),
        |user| HttpResponse::Ok().json(user),
    ))
}

async fn create(
    pool: web::Data<Connections>,
    new: web::Json<NewUser>,
) -> actix_web::Result<HttpResponse> {
    let user = web::block(move || {
        let mut connection = pool.get().map_err(|error| error.to_string())?;
        connection
            .immediate_transaction(|connection| {
                diesel::insert_into(users::table)
                    .values((
                        users::name.eq(&new.name),
                        users::email.eq(&new.email),
                        users::email_key.eq(new.email.to_ascii_lowercase()),
                        users::created_at.eq(0),
                        users::updated_at.eq(0),
                        users::version.eq(1),
                    ))
                    .returning(User::as_returning())
                    .get_result(connection)
            })
            .map_err(|error| error.to_string())
    })
    .await?
    .map_err(error::ErrorInternalServerError)?;
    Ok(HttpResponse::Created().json(user))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:8091".into());
    let file = arguments.next().unwrap_or("byline.db".into());
    let pool = Pool::builder()
        .max_size(8)
        .connection_customizer(Box::new(Durable))
        .build(ConnectionManager::<SqliteConnection>::new(file))
        .map_err(std::io::Error::other)?;
    HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(pool.clone()))
            .route("/users/{id}", web::get().to(read))
            .route("/users", web::post().to(create))
    })
    .workers(2)
    .bind(address)?
    .run()
    .await
}
