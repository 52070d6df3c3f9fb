//! The usual way: actix-web, diesel through `web::block`, a connection of r2d2
//! and a transaction for each request. SQLite.
//!
//! `usual ADDRESS FILE`

use actix_web::{App, HttpServer, web};
use diesel::connection::SimpleConnection;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool};
use diesel::sqlite::SqliteConnection;

mod error;
mod models;
mod posts;
mod schema;
mod users;

type Connections = Pool<ConnectionManager<SqliteConnection>>;

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

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().expect("an address to listen on");
    let file = arguments.next().expect("a database file");
    let pool: Connections = Pool::builder()
        .connection_customizer(Box::new(Durable))
        .build(ConnectionManager::new(file))
        .map_err(std::io::Error::other)?;
    HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(pool.clone()))
            .route("/users", web::post().to(users::create))
            .route("/users/{id}", web::get().to(users::read))
            .route("/users/{id}/posts", web::get().to(posts::list_of_user))
            .route("/posts", web::get().to(posts::list))
            .route("/posts/{id}", web::patch().to(posts::patch))
    })
    .workers(2)
    .bind(address)?
    .run()
    .await
}
