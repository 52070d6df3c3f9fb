use crate::{Content, LastVersion, PostId, Timestamp, Title, UserId, Version};

/// Something that a user wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Given by the store, never reused.
    pub id: PostId,
    /// Who wrote it.
    pub user_id: UserId,
    /// One line that says what it is about.
    pub title: Title,
    /// The text itself; may be empty.
    pub content: Content,
    /// When the post was created.
    pub created_at: Timestamp,
    /// When the post was last changed; equals `created_at` until then.
    pub updated_at: Timestamp,
    /// Counts the changes; the first is [`Version::FIRST`].
    pub version: Version,
}

/// A post that the store has not seen yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPost {
    /// Who writes it.
    pub user_id: UserId,
    /// One line that says what it is about.
    pub title: Title,
    /// The text itself; may be empty.
    pub content: Content,
}

/// What shall change in a post; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostChange {
    /// The user that the post shall belong to.
    pub user_id: Option<UserId>,
    /// The new title.
    pub title: Option<Title>,
    /// The new text.
    pub content: Option<Content>,
}

impl NewPost {
    /// The post that comes into being when this one is stored under `id`.
    #[must_use]
    pub fn created(self, id: PostId, now: Timestamp) -> Post {
        Post {
            id,
            user_id: self.user_id,
            title: self.title,
            content: self.content,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }
}

impl From<NewPost> for PostChange {
    /// A change of every field: a replacement.
    fn from(new: NewPost) -> Self {
        Self {
            user_id: Some(new.user_id),
            title: Some(new.title),
            content: Some(new.content),
        }
    }
}

impl Post {
    /// This post after `change`, one version on. A change that changes nothing
    /// counts too, so that a replacement always gives a new version.
    ///
    /// # Errors
    ///
    /// It is in the last version that there can be.
    pub fn changed(self, change: PostChange, now: Timestamp) -> Result<Self, LastVersion> {
        Ok(Self {
            user_id: change.user_id.unwrap_or(self.user_id),
            title: change.title.unwrap_or(self.title),
            content: change.content.unwrap_or(self.content),
            updated_at: now.max(self.updated_at),
            version: self.version.next()?,
            ..self
        })
    }
}
