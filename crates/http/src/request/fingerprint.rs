//! A canonical form of requests, which distinguishes a repeated request from another one
//! with the same `Idempotency-Key`.

use actix_web::http::header::{self, HeaderName};
use byline_application::batch::{Author, Operation};
use byline_application::idempotency::IdempotentRequest;
use byline_application::users::Posts;
use byline_application::{Digest, Precondition};
use byline_domain::{
    Content, EmailAddress, NewPost, NewUser, PostChange, Title, UserChange, UserId, UserName,
};
use serde_json::{Value, json};

use crate::request::context::RequestContext;

/// A validated body.
pub(crate) trait Canonical {
    /// Returns a value that is equal for bodies with the same meaning, also in later
    /// releases: a request may be repeated after an upgrade.
    fn canonical(&self) -> Value;
}

impl RequestContext {
    /// Returns the `Idempotency-Key` with the fingerprint of this request, if it has a key.
    pub(crate) fn claim(&self, body: &impl Canonical) -> Option<IdempotentRequest> {
        let key = self.wishes().key()?;
        let request = json!({
            "method": self.method().as_str(),
            "path": self.path().trim_end_matches('/'),
            "query": self.query().sorted(),
            "if-match": self.lines(&header::IF_MATCH),
            "if-none-match": self.lines(&header::IF_NONE_MATCH),
            "body": body.canonical(),
        });
        // `Value` sorts its members by name.
        let fingerprint = Digest::of(&[request.to_string().as_bytes()]);
        Some(IdempotentRequest::new(
            self.sender().credential(),
            key,
            fingerprint,
        ))
    }

    fn lines(&self, name: &HeaderName) -> Vec<String> {
        let lines = self.headers().get_all(name);
        lines
            .map(|line| String::from_utf8_lossy(line.as_bytes()).trim().to_owned())
            .collect()
    }
}

impl Canonical for () {
    fn canonical(&self) -> Value {
        Value::Null
    }
}

impl Canonical for NewUser {
    fn canonical(&self) -> Value {
        json!({"name": self.name.as_str(), "email": self.email.as_str()})
    }
}

impl Canonical for UserChange {
    fn canonical(&self) -> Value {
        // `null` where nothing changes: no member may be null in a request.
        json!({
            "name": self.name.as_ref().map(UserName::as_str),
            "email": self.email.as_ref().map(EmailAddress::as_str),
        })
    }
}

impl Canonical for NewPost {
    fn canonical(&self) -> Value {
        json!({
            "user_id": self.user_id.get(),
            "title": self.title.as_str(),
            "content": self.content.as_str(),
        })
    }
}

impl Canonical for PostChange {
    fn canonical(&self) -> Value {
        json!({
            "user_id": self.user_id.map(UserId::get),
            "title": self.title.as_ref().map(Title::as_str),
            "content": self.content.as_ref().map(Content::as_str),
        })
    }
}

impl Canonical for Author {
    fn canonical(&self) -> Value {
        match self {
            Self::Known(id) => json!(id.get()),
            Self::CreatedBy(index) => json!({"$ref": index}),
        }
    }
}

impl Canonical for Precondition {
    fn canonical(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::OneOf(versions) => versions
                .iter()
                .map(|version| json!(version.get()))
                .collect(),
        }
    }
}

impl Canonical for Vec<Operation> {
    fn canonical(&self) -> Value {
        self.iter().map(Canonical::canonical).collect()
    }
}

impl Canonical for Operation {
    fn canonical(&self) -> Value {
        match self {
            Self::CreateUser(new) => json!({"create": "user", "data": new.canonical()}),
            Self::CreatePost {
                author,
                title,
                content,
            } => json!({
                "create": "post",
                "author": author.canonical(),
                "title": title.as_str(),
                "content": content.as_str(),
            }),
            Self::UpdateUser {
                id,
                change,
                precondition,
            } => json!({
                "update": "user",
                "id": id.get(),
                "data": change.canonical(),
                "if_match": precondition.canonical(),
            }),
            Self::UpdatePost {
                id,
                author,
                title,
                content,
                precondition,
            } => json!({
                "update": "post",
                "id": id.get(),
                "author": author.map(|author| author.canonical()),
                "title": title.as_ref().map(Title::as_str),
                "content": content.as_ref().map(Content::as_str),
                "if_match": precondition.canonical(),
            }),
            Self::DeleteUser {
                id,
                posts,
                precondition,
            } => json!({
                "delete": "user",
                "id": id.get(),
                "posts": matches!(posts, Posts::Delete),
                "if_match": precondition.canonical(),
            }),
            Self::DeletePost { id, precondition } => json!({
                "delete": "post",
                "id": id.get(),
                "if_match": precondition.canonical(),
            }),
        }
    }
}
