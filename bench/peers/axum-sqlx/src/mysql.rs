//! The routes on MariaDB.

use sqlx::mysql::MySqlPoolOptions;

pub type Pool = sqlx::MySqlPool;

#[path = "routes.rs"]
pub mod routes;

pub async fn connect(url: &str) -> sqlx::Result<Pool> {
    MySqlPoolOptions::new()
        .max_connections(16)
        .connect(url)
        .await
}
