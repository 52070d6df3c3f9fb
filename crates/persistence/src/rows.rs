//! Rows as the engines keep them, and their way to and from the domain.

use std::error::Error;
use std::sync::Arc;

use byline_application::{PostRecord, RepositoryError, UserRecord};
use byline_domain::policy::{Scope, Scopes};
use byline_domain::{
    ApiKey, Content, EmailAddress, KeyId, KeyName, NewApiKey, NewPost, NewUser, Post, PostId,
    Timestamp, Title, User, UserId, UserName, Version,
};
use diesel::prelude::*;

use crate::schema::{api_keys, imports, posts, users};

/// A row of `users`, without the key that is computed from the e-mail address.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    id: i64,
    name: String,
    email: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

/// A row of `posts`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = posts)]
pub(crate) struct PostRow {
    id: i64,
    user_id: i64,
    title: String,
    content: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

/// A row of `imports` that has no id yet.
#[derive(Insertable)]
#[diesel(table_name = imports)]
pub(crate) struct NewImportRow {
    pub(crate) what: &'static str,
    pub(crate) numbering: &'static str,
    pub(crate) authors: Option<i64>,
    pub(crate) bytes: i64,
    pub(crate) line_count: i64,
    pub(crate) digest: Vec<u8>,
    pub(crate) updated_at: i64,
}

/// A row of `api_keys`, without what its secret is known by.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub(crate) struct KeyRow {
    id: i64,
    hint: String,
    name: String,
    user_id: Option<i64>,
    scopes: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

/// A row of `users` before it has an id. Without default values, for diesel
/// would insert several such rows one by one into SQLite.
#[derive(Insertable)]
#[diesel(table_name = users, treat_none_as_default_value = false)]
pub(crate) struct NewUserRow<'a> {
    name: &'a str,
    email: &'a str,
    email_key: String,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

/// A row of `posts` before it has an id. Without default values, as
/// [`NewUserRow`].
#[derive(Insertable)]
#[diesel(table_name = posts, treat_none_as_default_value = false)]
pub(crate) struct NewPostRow<'a> {
    user_id: i64,
    title: &'a str,
    content: &'a str,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl<'a> NewUserRow<'a> {
    pub(crate) fn new(new: &'a NewUser, now: Timestamp) -> Self {
        Self {
            name: new.name.as_str(),
            email: new.email.as_str(),
            email_key: new.email.key(),
            created_at: now.as_micros(),
            updated_at: now.as_micros(),
            version: Version::FIRST.get(),
        }
    }
}

impl<'a> NewPostRow<'a> {
    pub(crate) fn new(new: &'a NewPost, now: Timestamp) -> Self {
        Self {
            user_id: new.user_id.get(),
            title: new.title.as_str(),
            content: new.content.as_str(),
            created_at: now.as_micros(),
            updated_at: now.as_micros(),
            version: Version::FIRST.get(),
        }
    }
}

impl<'a> NewUserRow<'a> {
    /// The row of a user from elsewhere, who gets an id.
    pub(crate) fn copied(user: &'a UserRecord) -> Self {
        Self {
            name: user.name.as_str(),
            email: user.email.as_str(),
            email_key: user.email.key(),
            created_at: user.created_at.as_micros(),
            updated_at: user.updated_at.as_micros(),
            version: user.version.get(),
        }
    }

    /// The row of a user who has an id.
    pub(crate) fn whole(user: &'a User) -> (i64, Self) {
        let row = Self {
            name: user.name.as_str(),
            email: user.email.as_str(),
            email_key: user.email.key(),
            created_at: user.created_at.as_micros(),
            updated_at: user.updated_at.as_micros(),
            version: user.version.get(),
        };
        (user.id.get(), row)
    }
}

impl<'a> NewPostRow<'a> {
    /// The row of a post from elsewhere, which gets an id.
    pub(crate) fn copied(post: &'a PostRecord) -> Self {
        Self {
            user_id: post.user_id.get(),
            title: post.title.as_str(),
            content: post.content.as_str(),
            created_at: post.created_at.as_micros(),
            updated_at: post.updated_at.as_micros(),
            version: post.version.get(),
        }
    }

    /// The row of a post that has an id.
    pub(crate) fn whole(post: &'a Post) -> (i64, Self) {
        let row = Self {
            user_id: post.user_id.get(),
            title: post.title.as_str(),
            content: post.content.as_str(),
            created_at: post.created_at.as_micros(),
            updated_at: post.updated_at.as_micros(),
            version: post.version.get(),
        };
        (post.id.get(), row)
    }

    /// About how many bytes the row takes in a statement.
    pub(crate) fn size(&self) -> usize {
        self.title.len() + self.content.len() + 64
    }
}

impl TryFrom<UserRow> for User {
    type Error = RepositoryError;

    fn try_from(row: UserRow) -> Result<Self, RepositoryError> {
        let rule = RowContext::of("user", row.id);
        Ok(Self {
            id: rule.check(UserId::try_from(row.id))?,
            name: rule.check(UserName::parse(row.name))?,
            email: rule.check(EmailAddress::parse(row.email))?,
            created_at: rule.check(Timestamp::from_micros(row.created_at))?,
            updated_at: rule.check(Timestamp::from_micros(row.updated_at))?,
            version: rule.check(
                Version::new(row.version).ok_or("a version is a whole number from 1 to 2^53-1"),
            )?,
        })
    }
}

impl TryFrom<PostRow> for Post {
    type Error = RepositoryError;

    fn try_from(row: PostRow) -> Result<Self, RepositoryError> {
        let rule = RowContext::of("post", row.id);
        Ok(Self {
            id: rule.check(PostId::try_from(row.id))?,
            user_id: rule.check(UserId::try_from(row.user_id))?,
            title: rule.check(Title::parse(row.title))?,
            content: rule.check(Content::parse(row.content))?,
            created_at: rule.check(Timestamp::from_micros(row.created_at))?,
            updated_at: rule.check(Timestamp::from_micros(row.updated_at))?,
            version: rule.check(
                Version::new(row.version).ok_or("a version is a whole number from 1 to 2^53-1"),
            )?,
        })
    }
}

impl KeyRow {
    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    pub(crate) fn rule(&self) -> RowContext {
        RowContext::of("key", self.id)
    }
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = RepositoryError;

    fn try_from(row: KeyRow) -> Result<Self, RepositoryError> {
        let rule = row.rule();
        let at = |micros: Option<i64>| rule.check(micros.map(Timestamp::from_micros).transpose());
        let scopes = row.scopes.split_ascii_whitespace();
        let scopes: Option<Scopes> = scopes.map(Scope::named).collect();
        Ok(Self {
            id: rule.check(KeyId::try_from(row.id))?,
            grant: NewApiKey {
                name: rule.check(KeyName::parse(row.name))?,
                user: rule.check(row.user_id.map(UserId::try_from).transpose())?,
                scopes: rule.check(scopes.ok_or("a scope is none"))?,
                expires_at: at(row.expires_at)?,
            },
            created_at: rule.check(Timestamp::from_micros(row.created_at))?,
            revoked_at: at(row.revoked_at)?,
            hint: row.hint,
        })
    }
}

/// Names the row whose values are looked at.
pub(crate) struct RowContext {
    entity: &'static str,
    id: i64,
}

impl RowContext {
    pub(crate) fn of(entity: &'static str, id: i64) -> Self {
        Self { entity, id }
    }

    /// The value, or [`RepositoryError::Corrupt`] with the row's name.
    pub(crate) fn check<T, E>(&self, parsed: Result<T, E>) -> Result<T, RepositoryError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        parsed.map_err(|error| RepositoryError::Corrupt {
            entity: self.entity,
            id: self.id,
            cause: Arc::from(error.into()),
        })
    }
}
