//! Rows in bulk: whole tables from one place to another, as they are.

use std::collections::BTreeSet;

use byline_domain::{
    Content, EmailAddress, Post, PostId, Timestamp, Title, User, UserId, UserName, Version,
};

use crate::RepositoryError;

/// All users and posts of a [`Session`](crate::Session), for whoever moves them
/// in bulk. Rows come and go with their ids, times and versions. Errors as in
/// [`UserRepository`](crate::UserRepository).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait BulkRepository: Send {
    /// The first `most` users with greater ids than `after`, in the order of
    /// their ids. Takes no longer the more users there are.
    fn users_after(&mut self, after: i64, most: u32) -> Result<Vec<User>, RepositoryError>;

    /// The first `most` posts with greater ids than `after`, in the order of
    /// their ids. Takes no longer the more posts there are.
    fn posts_after(&mut self, after: i64, most: u32) -> Result<Vec<Post>, RepositoryError>;

    /// The users who have one of these ids, or an address with one of these
    /// [keys](EmailAddress::key), each once.
    fn find_conflicting_users(
        &mut self,
        ids: &BTreeSet<UserId>,
        emails: &BTreeSet<String>,
    ) -> Result<Vec<User>, RepositoryError>;

    /// The posts that have one of these ids.
    fn find_conflicting_posts(
        &mut self,
        ids: &BTreeSet<PostId>,
    ) -> Result<Vec<Post>, RepositoryError>;

    /// Those of these ids that a user has.
    fn existing_users(
        &mut self,
        ids: &BTreeSet<UserId>,
    ) -> Result<BTreeSet<UserId>, RepositoryError>;

    /// Stores these users exactly as they are. Several statements: after an
    /// error, some may be stored.
    ///
    /// Fails with [`RepositoryError::Duplicate`] when one has an e-mail address
    /// that is taken; that no id is taken is up to the caller.
    fn insert_users(&mut self, users: &[User]) -> Result<(), RepositoryError>;

    /// Stores these posts exactly as they are. Several statements: after an
    /// error, some may be stored.
    ///
    /// Fails with [`RepositoryError::MissingReference`] when there is no user
    /// who wrote one; that no id is taken is up to the caller.
    fn insert_posts(&mut self, posts: &[Post]) -> Result<(), RepositoryError>;

    /// Stores these users under ids that no user had before, ascending, and
    /// gives the ids in the order of the users. Errors as in
    /// [`insert_users`](Self::insert_users).
    fn insert_users_with_new_ids(
        &mut self,
        users: &[UserRecord],
    ) -> Result<Vec<UserId>, RepositoryError>;

    /// Stores these posts under ids that no post had before, ascending, and
    /// gives the ids in the order of the posts. Errors as in
    /// [`insert_posts`](Self::insert_posts).
    fn insert_posts_with_new_ids(
        &mut self,
        posts: &[PostRecord],
    ) -> Result<Vec<PostId>, RepositoryError>;

    /// The greatest ids that were ever given.
    fn last_ids(&mut self) -> Result<LastIds, RepositoryError>;

    /// Gives no id up to these from now on, whether or not rows have them.
    fn advance_id_sequence(&mut self, last: LastIds) -> Result<(), RepositoryError>;
}

/// The greatest ids that were ever given; 0 if none was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastIds {
    /// To a user.
    pub user: i64,
    /// To a post.
    pub post: i64,
}

/// A user of some other place, where it had another id or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRecord {
    /// Its id there.
    pub id: Option<UserId>,
    /// See [`User::name`].
    pub name: UserName,
    /// See [`User::email`].
    pub email: EmailAddress,
    /// See [`User::created_at`].
    pub created_at: Timestamp,
    /// See [`User::updated_at`].
    pub updated_at: Timestamp,
    /// See [`User::version`].
    pub version: Version,
}

/// A post of some other place, where it had another id or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostRecord {
    /// Its id there.
    pub id: Option<PostId>,
    /// Who wrote it, by the id that this user has there or here.
    pub user_id: UserId,
    /// See [`Post::title`].
    pub title: Title,
    /// See [`Post::content`].
    pub content: Content,
    /// See [`Post::created_at`].
    pub created_at: Timestamp,
    /// See [`Post::updated_at`].
    pub updated_at: Timestamp,
    /// See [`Post::version`].
    pub version: Version,
}

impl UserRecord {
    /// The user that this is under `id`.
    #[must_use]
    pub fn under(self, id: UserId) -> User {
        User {
            id,
            name: self.name,
            email: self.email,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        }
    }
}

impl PostRecord {
    /// The post that this is under `id`.
    #[must_use]
    pub fn under(self, id: PostId) -> Post {
        Post {
            id,
            user_id: self.user_id,
            title: self.title,
            content: self.content,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        }
    }
}

impl From<User> for UserRecord {
    fn from(user: User) -> Self {
        Self {
            id: Some(user.id),
            name: user.name,
            email: user.email,
            created_at: user.created_at,
            updated_at: user.updated_at,
            version: user.version,
        }
    }
}

impl From<Post> for PostRecord {
    fn from(post: Post) -> Self {
        Self {
            id: Some(post.id),
            user_id: post.user_id,
            title: post.title,
            content: post.content,
            created_at: post.created_at,
            updated_at: post.updated_at,
            version: post.version,
        }
    }
}
