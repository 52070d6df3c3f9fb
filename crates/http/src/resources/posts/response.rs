use std::hash::Hasher;

use byline_domain::{Post, User, Version};
use fnv::FnvHasher;
use serde::Serialize;
use utoipa::ToSchema;

use crate::openapi::schemas;
use crate::resources::users::UserResponse;
use crate::response::representation::Representation;
use crate::response::time::Time;

/// A post, as the service answers it.
#[derive(Serialize, ToSchema)]
#[schema(as = Post, examples(super::schemas::notes))]
pub(crate) struct PostResponse<'a> {
    #[schema(schema_with = schemas::id)]
    id: i64,
    #[schema(schema_with = super::schemas::author_id)]
    user_id: i64,
    #[schema(schema_with = super::schemas::title)]
    title: &'a str,
    #[schema(schema_with = super::schemas::content)]
    content: &'a str,
    #[schema(schema_with = schemas::created_at)]
    created_at: Time,
    #[schema(schema_with = schemas::updated_at)]
    updated_at: Time,
    /// The author, if wanted.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserResponse<'a>>,
    #[serde(skip)]
    version: Version,
}

impl<'a> From<&'a Post> for PostResponse<'a> {
    fn from(post: &'a Post) -> Self {
        Self::with(post, None)
    }
}

impl<'a> PostResponse<'a> {
    /// A post and, if wanted, its author.
    pub(crate) fn with(post: &'a Post, author: Option<&'a User>) -> Self {
        Self {
            id: post.id.get(),
            user_id: post.user_id.get(),
            title: post.title.as_str(),
            content: post.content.as_str(),
            created_at: Time(post.created_at),
            updated_at: Time(post.updated_at),
            user: author.map(UserResponse::from),
            version: post.version,
        }
    }
}

impl Representation for PostResponse<'_> {
    fn version(&self) -> Version {
        self.version
    }

    fn size_hint(&self) -> usize {
        let user = self.user.as_ref().map_or(0, |user| 16 + user.size_hint());
        160 + 16 + self.title.len() + self.content.len() + user
    }

    fn identify(&self, hasher: &mut FnvHasher) {
        for part in [self.id, self.version.get(), self.updated_at.0.as_micros()] {
            hasher.write(&part.to_be_bytes());
        }
        if let Some(user) = &self.user {
            user.identify(hasher);
        }
    }
}
