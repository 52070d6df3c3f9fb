//! axum and sqlx, on SQLite or MariaDB.
//!
//! `axum-sqlx ADDRESS URL`

mod mysql;
mod sqlite;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().expect("an address to listen on");
    let url = arguments.next().expect("the URL of a database");
    let app = if url.starts_with("mysql:") {
        mysql::routes::router(mysql::connect(&url).await?)
    } else {
        sqlite::routes::router(sqlite::connect(&url).await?)
    };
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, app).await?;
    Ok(())
}
