use byline_domain::{Post, Version};
use serde::Serialize;

use crate::answer::Representation;
use crate::time::Time;

/// A post on the wire.
#[derive(Serialize)]
pub(crate) struct PostResponse<'a> {
    id: i64,
    user_id: i64,
    title: &'a str,
    content: &'a str,
    created_at: Time,
    updated_at: Time,
    #[serde(skip)]
    version: Version,
}

impl<'a> From<&'a Post> for PostResponse<'a> {
    fn from(post: &'a Post) -> Self {
        Self {
            id: post.id.get(),
            user_id: post.user_id.get(),
            title: post.title.as_str(),
            content: post.content.as_str(),
            created_at: Time(post.created_at),
            updated_at: Time(post.updated_at),
            version: post.version,
        }
    }
}

impl Representation for PostResponse<'_> {
    fn version(&self) -> Version {
        self.version
    }

    fn size_hint(&self) -> usize {
        160 + 16 + self.title.len() + self.content.len()
    }
}
