//! Rows, and what clients send.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize, Serializer};

use crate::schema::{posts, users};

#[derive(Queryable, Selectable, Serialize)]
pub struct User {
    pub id: i64,
    pub name: String,
    pub email: String,
    #[serde(serialize_with = "utc")]
    pub created_at: NaiveDateTime,
    #[serde(serialize_with = "utc")]
    pub updated_at: NaiveDateTime,
    #[serde(skip)]
    pub version: i64,
}

#[derive(Queryable, Selectable, Serialize)]
pub struct Post {
    pub id: i64,
    pub user_id: i64,
    pub title: String,
    pub content: String,
    #[serde(serialize_with = "utc")]
    pub created_at: NaiveDateTime,
    #[serde(serialize_with = "utc")]
    pub updated_at: NaiveDateTime,
    #[serde(skip)]
    pub version: i64,
}

#[derive(Deserialize)]
pub struct NewUser {
    pub name: String,
    pub email: String,
}

#[derive(AsChangeset, Deserialize)]
#[diesel(table_name = posts)]
pub struct PostChange {
    pub title: Option<String>,
    pub content: Option<String>,
}

fn utc<S: Serializer>(time: &NaiveDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    DateTime::<Utc>::serialize(&time.and_utc(), serializer)
}
