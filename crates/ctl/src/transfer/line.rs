//! A user and a post as they stand in a file.
//!
//! The members have the names and forms that they have in the API, and
//! `version` besides: nothing of a row is lost.

use std::borrow::Cow;
use std::fmt;

use byline_application::{PostRecord, UserRecord};
use byline_domain::{
    Content, EmailAddress, Post, PostId, Timestamp, Title, User, UserId, UserName, Version,
    whole_number,
};
use serde::de::{Deserialize, Deserializer, Unexpected, Visitor};

/// A user in a file.
#[derive(serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserLine<'a> {
    pub(crate) id: Option<Whole>,
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) email: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) created_at: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) updated_at: Option<Cow<'a, str>>,
    pub(crate) version: Option<Whole>,
}

/// A post in a file.
#[derive(serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PostLine<'a> {
    pub(crate) id: Option<Whole>,
    pub(crate) user_id: Whole,
    #[serde(borrow)]
    pub(crate) title: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) content: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) created_at: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) updated_at: Option<Cow<'a, str>>,
    pub(crate) version: Option<Whole>,
}

/// A whole number, however it is written: `7`, `7.0` and `7e0`. The error says so in
/// words.
#[derive(Clone, Copy, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct Whole(pub(crate) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Whole, E> {
                let wrong = || E::invalid_type(Unexpected::Float(number), &self);
                whole_number(number).map(Whole).ok_or_else(wrong)
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Whole, E> {
                let number = i64::try_from(number);
                number
                    .map(Whole)
                    .map_err(|_| E::custom("the number is too large"))
            }
        }
        deserializer.deserialize_i64(Number)
    }
}

/// Collects what is wrong with the fields of a row.
#[derive(Default)]
struct LineErrors(Vec<String>);

impl LineErrors {
    /// The value, or nothing and a fault of `field`.
    fn take<T, E: fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value
            .map_err(|error| self.0.push(format!("{field}: {error}")))
            .ok()
    }

    fn text(self) -> String {
        self.0.join("; ")
    }
}

impl UserLine<'_> {
    /// The user that the line describes; what it does not say is as of a user
    /// who is created `now`.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks, each with its field.
    pub(crate) fn parse(self, now: Timestamp) -> Result<UserRecord, String> {
        let mut faults = LineErrors::default();
        let id = self.id.map(|id| UserId::try_from(id.0)).transpose();
        let id = faults.take("id", id);
        let name = faults.take("name", UserName::parse(self.name));
        let email = faults.take("email", EmailAddress::parse(self.email));
        let times = times(&mut faults, self.created_at, self.updated_at, now);
        let version = version(&mut faults, self.version);
        match (id, name, email, times, version) {
            (Some(id), Some(name), Some(email), Some((created_at, updated_at)), Some(version)) => {
                Ok(UserRecord {
                    id,
                    name,
                    email,
                    created_at,
                    updated_at,
                    version,
                })
            }
            _ => Err(faults.text()),
        }
    }
}

impl PostLine<'_> {
    /// The post that the line describes; what it does not say is as of a post
    /// that is created `now`.
    ///
    /// # Errors
    ///
    /// Every rule that it breaks, each with its field.
    pub(crate) fn parse(self, now: Timestamp) -> Result<PostRecord, String> {
        let mut faults = LineErrors::default();
        let id = self.id.map(|id| PostId::try_from(id.0)).transpose();
        let id = faults.take("id", id);
        let user_id = faults.take("user_id", UserId::try_from(self.user_id.0));
        let title = faults.take("title", Title::parse(self.title));
        let content = faults.take("content", Content::parse(self.content));
        let times = times(&mut faults, self.created_at, self.updated_at, now);
        let version = version(&mut faults, self.version);
        match (id, user_id, title, content, times, version) {
            (
                Some(id),
                Some(user_id),
                Some(title),
                Some(content),
                Some((created_at, updated_at)),
                Some(version),
            ) => Ok(PostRecord {
                id,
                user_id,
                title,
                content,
                created_at,
                updated_at,
                version,
            }),
            _ => Err(faults.text()),
        }
    }
}

fn times(
    faults: &mut LineErrors,
    created_at: Option<Cow<'_, str>>,
    updated_at: Option<Cow<'_, str>>,
    now: Timestamp,
) -> Option<(Timestamp, Timestamp)> {
    let created = created_at.map_or(Ok(now), |text| text.parse());
    let created = faults.take("created_at", created);
    let updated = updated_at.map(|text| text.parse()).transpose();
    let updated = faults.take("updated_at", updated);
    let (created, updated) = (created?, updated?);
    let updated = updated.unwrap_or(created);
    if updated < created {
        faults
            .0
            .push("updated_at: must not be before created_at".to_owned());
    }
    Some((created, updated)).filter(|_| updated >= created)
}

fn version(faults: &mut LineErrors, version: Option<Whole>) -> Option<Version> {
    let version = version.map_or(Some(Version::FIRST), |version| Version::new(version.0));
    faults.take(
        "version",
        version.ok_or("must be from 1 to 9007199254740991"),
    )
}

impl<'a> From<&'a User> for UserLine<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: Some(Whole(user.id.get())),
            name: user.name.as_str().into(),
            email: user.email.as_str().into(),
            created_at: Some(user.created_at.to_string().into()),
            updated_at: Some(user.updated_at.to_string().into()),
            version: Some(Whole(user.version.get())),
        }
    }
}

impl<'a> From<&'a Post> for PostLine<'a> {
    fn from(post: &'a Post) -> Self {
        Self {
            id: Some(Whole(post.id.get())),
            user_id: Whole(post.user_id.get()),
            title: post.title.as_str().into(),
            content: post.content.as_str().into(),
            created_at: Some(post.created_at.to_string().into()),
            updated_at: Some(post.updated_at.to_string().into()),
            version: Some(Whole(post.version.get())),
        }
    }
}
