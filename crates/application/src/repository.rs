use std::collections::{BTreeMap, BTreeSet};

use byline_domain::{NewPost, NewUser, Post, PostId, Timestamp, User, UserId, Version};

use crate::{Cause, Page, PostQuery, UserQuery};

/// The users of a [`Session`](crate::Session).
///
/// Every method may fail with [`RepositoryError::Contention`],
/// [`LockTimeout`](RepositoryError::LockTimeout),
/// [`Unavailable`](RepositoryError::Unavailable),
/// [`OutcomeUnknown`](RepositoryError::OutcomeUnknown),
/// [`Corrupt`](RepositoryError::Corrupt) or [`Fault`](RepositoryError::Fault);
/// further errors are named at the method. After an error the session may go
/// on only if that error is [`Duplicate`](RepositoryError::Duplicate),
/// [`MissingReference`](RepositoryError::MissingReference) or
/// [`StillReferenced`](RepositoryError::StillReferenced): these undo their own
/// statement and nothing else.
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait UserRepository: Send {
    /// The user with this id, if there is one.
    fn find(&mut self, id: UserId) -> Result<Option<User>, RepositoryError>;

    /// As [`find`](Self::find), and the user stays as it is until the session
    /// ends: other sessions that change it, delete it or store posts of it wait.
    fn find_for_update(&mut self, id: UserId) -> Result<Option<User>, RepositoryError>;

    /// Those users with these ids that there are. One statement.
    fn find_all(
        &mut self,
        ids: &BTreeSet<UserId>,
    ) -> Result<BTreeMap<UserId, User>, RepositoryError>;

    /// The page that `query` asks for. Takes no longer the more users there
    /// are, nor the more of them have the same sort key.
    fn list(&mut self, query: &UserQuery) -> Result<Page<User>, RepositoryError>;

    /// How many users there are on all pages of `query` together. Takes the
    /// longer the more there are.
    fn count(&mut self, query: &UserQuery) -> Result<u64, RepositoryError>;

    /// Stores a new user under an id that no user had before, created and
    /// updated at `now`, in its first version.
    ///
    /// Fails with [`UniqueKey::UserEmail`] when another user has an address
    /// that differs at most in ASCII case.
    ///
    /// Fails with [`RepositoryError::NoIdLeft`] when every id was given.
    fn insert(&mut self, new: &NewUser, now: Timestamp) -> Result<User, RepositoryError>;

    /// Stores new users, all or none of them, as [`insert`](Self::insert) would
    /// one after the other: under ascending ids, and given back in their order.
    /// One statement, however many there are.
    fn insert_all(&mut self, new: &[NewUser], now: Timestamp)
    -> Result<Vec<User>, RepositoryError>;

    /// Writes every field of `changed` over the user with its id, if that user
    /// is in version `from`; tells whether it was. Nothing is written if not.
    /// Check and change are one statement.
    ///
    /// Fails with [`UniqueKey::UserEmail`] as [`insert`](Self::insert) does.
    fn update(&mut self, changed: &User, from: Version) -> Result<bool, RepositoryError>;

    /// Removes the user with this id, if it is in version `from`; tells whether
    /// it was. Check and change are one statement.
    ///
    /// Fails with [`RepositoryError::StillReferenced`] by
    /// [`Reference::PostAuthor`] while the user has posts.
    fn delete(&mut self, id: UserId, from: Version) -> Result<bool, RepositoryError>;
}

/// The posts of a [`Session`](crate::Session). Errors as in
/// [`UserRepository`].
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait PostRepository: Send {
    /// The post with this id, if there is one.
    fn find(&mut self, id: PostId) -> Result<Option<Post>, RepositoryError>;

    /// The page that `query` asks for. Takes no longer the more posts there
    /// are, nor the more of them have the same sort key.
    fn list(&mut self, query: &PostQuery) -> Result<Page<Post>, RepositoryError>;

    /// How many posts there are on all pages of `query` together. Takes the
    /// longer the more there are.
    fn count(&mut self, query: &PostQuery) -> Result<u64, RepositoryError>;

    /// Stores a new post under an id that no post had before, created and
    /// updated at `now`, in its first version.
    ///
    /// Fails with [`RepositoryError::MissingReference`] by
    /// [`Reference::PostAuthor`] when there is no such user.
    ///
    /// Fails with [`RepositoryError::NoIdLeft`] when every id was given.
    fn insert(&mut self, new: &NewPost, now: Timestamp) -> Result<Post, RepositoryError>;

    /// Stores new posts, all or none of them, as [`insert`](Self::insert) would
    /// one after the other: under ascending ids, and given back in their order.
    /// One statement, however many there are.
    fn insert_all(&mut self, new: &[NewPost], now: Timestamp)
    -> Result<Vec<Post>, RepositoryError>;

    /// Writes every field of `changed` over the post with its id, if that post
    /// is in version `from`; tells whether it was. Nothing is written if not.
    /// Check and change are one statement.
    ///
    /// Fails with [`RepositoryError::MissingReference`] as
    /// [`insert`](Self::insert) does.
    fn update(&mut self, changed: &Post, from: Version) -> Result<bool, RepositoryError>;

    /// Removes the post with this id, if it is in version `from`; tells whether
    /// it was. Check and change are one statement.
    fn delete(&mut self, id: PostId, from: Version) -> Result<bool, RepositoryError>;

    /// Removes every post of this user.
    fn delete_of(&mut self, author: UserId) -> Result<(), RepositoryError>;
}

/// What can go wrong in a repository. `Display` never repeats the source.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RepositoryError {
    /// Another row has this unique key.
    #[error("the unique key {0:?} is taken")]
    Duplicate(UniqueKey),
    /// The row that this one refers to does not exist.
    #[error("the row that {0:?} refers to is missing")]
    MissingReference(Reference),
    /// Other rows refer to this one.
    #[error("other rows refer to this one by {0:?}")]
    StillReferenced(Reference),
    /// Every id that there can be was given; nothing was inserted.
    #[error("there is no id left for another row")]
    NoIdLeft,
    /// The transaction lost a conflict with another one and is undone; run
    /// again, it may succeed.
    #[error("lost a conflict with another transaction")]
    Contention(#[source] Cause),
    /// Another transaction held what this one wanted to lock for longer than
    /// the store lets anybody wait.
    #[error("waited too long for another transaction")]
    LockTimeout(#[source] Cause),
    /// The store cannot be reached or refuses the work; nothing was changed.
    #[error("the store cannot do this at present")]
    Unavailable(#[source] Cause),
    /// The store broke off at a commit and did not say whether it took place.
    #[error("the store did not say whether the change was committed")]
    OutcomeUnknown(#[source] Cause),
    /// A stored row breaks the rules of the domain.
    #[error("the stored {entity} {id} breaks a rule")]
    Corrupt {
        /// What the row is.
        entity: &'static str,
        /// Its primary key.
        id: i64,
        /// The rule.
        #[source]
        cause: Cause,
    },
    /// Anything else: a bug.
    #[error("the store failed")]
    Fault(#[source] Cause),
}

/// The unique keys that a caller can run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UniqueKey {
    /// The e-mail address of a user, without regard to ASCII case.
    UserEmail,
    /// The key of a request that may come more than once.
    IdempotencyKey,
    /// An identity, and the user that it is linked to.
    Identity,
}

/// The references between rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// From a post to the user who wrote it.
    PostAuthor,
    /// From a key of the API to the user who acts with it.
    KeyUser,
    /// From an identity to the user it is linked to.
    IdentityUser,
}
