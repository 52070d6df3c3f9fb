//! Many operations in one transaction.

use std::collections::HashMap;
use std::iter;

use byline_domain::policy::{self, Action, Caller, Principal};
use byline_domain::{
    Content, NewPost, NewUser, Post, PostChange, PostId, Timestamp, Title, User, UserChange,
    UserId, Version,
};

use crate::users::Posts;
use crate::{AppError, EntityRef, Precondition, RepositoryError, Session, posts, users};

/// The most operations that a batch may have.
pub const MAX_OPERATIONS: usize = 1000;

/// One change among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Creates a user.
    CreateUser(NewUser),
    /// Creates a post.
    CreatePost {
        /// Who writes it.
        author: Author,
        /// One line that says what it is about.
        title: Title,
        /// The text itself.
        content: Content,
    },
    /// Changes some fields of a user.
    UpdateUser {
        /// Which user.
        id: UserId,
        /// What shall change.
        change: UserChange,
        /// In which versions the user may be.
        precondition: Precondition,
    },
    /// Changes some fields of a post.
    UpdatePost {
        /// Which post.
        id: PostId,
        /// The user that the post shall belong to.
        author: Option<Author>,
        /// The new title.
        title: Option<Title>,
        /// The new text.
        content: Option<Content>,
        /// In which versions the post may be.
        precondition: Precondition,
    },
    /// Deletes a user.
    DeleteUser {
        /// Which user.
        id: UserId,
        /// What becomes of the user's posts.
        posts: Posts,
        /// In which versions the user may be.
        precondition: Precondition,
    },
    /// Deletes a post.
    DeletePost {
        /// Which post.
        id: PostId,
        /// In which versions the post may be.
        precondition: Precondition,
    },
}

/// Who writes a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// The user with this id.
    Known(UserId),
    /// The user whom the operation at this place, further ahead in the same
    /// batch, creates.
    CreatedBy(usize),
}

/// What an operation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationOutcome {
    /// What it did it to.
    pub subject: EntityRef,
    /// What it did.
    pub effect: Effect,
}

/// What an operation did to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The row is new.
    Created(RowMeta),
    /// The row has changed.
    Updated(RowMeta),
    /// The row is gone.
    Deleted,
}

/// What the store gave a row that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowMeta {
    /// The version that the row is in now.
    pub version: Version,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
}

/// Carries out the operations as if one after the other, and tells what each
/// did. The first that fails is an error of the whole: nothing may be
/// committed then.
///
/// Creates that follow one another are handed to the store together.
///
/// # Errors
///
/// [`AppError::InOperation`] with what the use case of the operation fails
/// with, and whatever the store fails with.
pub fn run(
    session: &mut dyn Session,
    principal: &Principal,
    operations: &[Operation],
    now: Timestamp,
) -> Result<Vec<OperationOutcome>, AppError> {
    let mut batch = Batch {
        session,
        principal: *principal,
        now,
        done: Vec::with_capacity(operations.len()),
        users: HashMap::new(),
    };
    let mut rest = operations;
    while let Some((first, others)) = rest.split_first() {
        let creates = rest.iter().take_while(|one| one.is_create()).count();
        if creates > 1 {
            let (together, behind) = rest.split_at(creates);
            batch.create_together(together)?;
            rest = behind;
        } else {
            batch.run_one(first)?;
            rest = others;
        }
    }
    Ok(batch.done)
}

impl Operation {
    const fn is_create(&self) -> bool {
        matches!(self, Self::CreateUser(_) | Self::CreatePost { .. })
    }
}

/// A batch on its way.
struct Batch<'a> {
    session: &'a mut dyn Session,
    /// A newcomer is a user from the operation on that creates it.
    principal: Principal,
    now: Timestamp,
    /// By the operations so far.
    done: Vec<OperationOutcome>,
    /// Those that operations created, by the place of the operation.
    users: HashMap<usize, UserId>,
}

impl Batch<'_> {
    fn run_one(&mut self, operation: &Operation) -> Result<(), AppError> {
        let index = self.done.len();
        let done = self
            .effect_of(operation)
            .map_err(|error| located(index, error))?;
        if let (Operation::CreateUser(_), EntityRef::User(id)) = (operation, done.subject) {
            self.users.insert(index, id);
            if users::identity_to_link(&self.principal).is_some() {
                self.principal.caller = Caller::User(id);
            }
        }
        self.done.push(done);
        Ok(())
    }

    fn effect_of(&mut self, operation: &Operation) -> Result<OperationOutcome, AppError> {
        let (principal, now) = (&{ self.principal }, self.now);
        Ok(match operation {
            Operation::CreateUser(new) => {
                OperationOutcome::created_user(&users::create(self.session, principal, new, now)?)
            }
            Operation::CreatePost {
                author,
                title,
                content,
            } => {
                let new = NewPost {
                    user_id: self.author(*author)?,
                    title: title.clone(),
                    content: content.clone(),
                };
                OperationOutcome::created_post(&posts::create(self.session, principal, &new, now)?)
            }
            Operation::UpdateUser {
                id,
                change,
                precondition,
            } => {
                let user = users::patch(self.session, principal, *id, change, precondition, now)?;
                OperationOutcome {
                    subject: EntityRef::User(*id),
                    effect: Effect::Updated(RowMeta::of_user(&user)),
                }
            }
            Operation::UpdatePost {
                id,
                author,
                title,
                content,
                precondition,
            } => {
                let author = author.map(|author| self.author(author));
                let change = PostChange {
                    user_id: author.transpose()?,
                    title: title.clone(),
                    content: content.clone(),
                };
                let post = posts::patch(self.session, principal, *id, &change, precondition, now)?;
                OperationOutcome {
                    subject: EntityRef::Post(*id),
                    effect: Effect::Updated(RowMeta::of_post(&post)),
                }
            }
            Operation::DeleteUser {
                id,
                posts,
                precondition,
            } => {
                users::delete(self.session, principal, *id, *posts, precondition)?;
                OperationOutcome::deleted(EntityRef::User(*id))
            }
            Operation::DeletePost { id, precondition } => {
                posts::delete(self.session, principal, *id, precondition)?;
                OperationOutcome::deleted(EntityRef::Post(*id))
            }
        })
    }

    /// Users first, then posts: no user depends on a post. Where that fails,
    /// one after the other, which finds the first operation that fails.
    fn create_together(&mut self, creates: &[Operation]) -> Result<(), AppError> {
        let Some(mut users) = self.create_users(creates)? else {
            return creates.iter().try_for_each(|create| self.run_one(create));
        };
        let mut posts = self.create_posts(creates)?.into_iter();
        for create in creates {
            let done = match create {
                Operation::CreateUser(_) => users
                    .next()
                    .map(|user| OperationOutcome::created_user(&user)),
                _ => posts.next(),
            };
            self.done.push(done.ok_or_else(too_few)?);
        }
        Ok(())
    }

    /// The users among `creates`. None if one of them cannot be created; then
    /// none is.
    fn create_users(
        &mut self,
        creates: &[Operation],
    ) -> Result<Option<impl Iterator<Item = User> + use<>>, AppError> {
        let (indexes, new): (Vec<_>, Vec<_>) = (self.done.len()..)
            .zip(creates)
            .filter_map(|(index, create)| match create {
                Operation::CreateUser(new) => Some((index, new.clone())),
                _ => None,
            })
            .unzip();
        if new.is_empty() {
            return Ok(Some(Vec::new().into_iter()));
        }
        let joins = users::identity_to_link(&self.principal).is_some();
        if joins || policy::check(&self.principal, Action::CreateUser).is_err() {
            return Ok(None);
        }
        let users = match self.session.users().insert_all(&new, self.now) {
            Ok(users) => users,
            Err(RepositoryError::Duplicate(_)) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        self.users
            .extend(iter::zip(indexes, users.iter().map(|user| user.id)));
        Ok(Some(users.into_iter()))
    }

    /// The posts among `creates`, whose users exist by now.
    fn create_posts(&mut self, creates: &[Operation]) -> Result<Vec<OperationOutcome>, AppError> {
        let mut indexes = Vec::new();
        let mut new = Vec::new();
        for (index, create) in (self.done.len()..).zip(creates) {
            if let Operation::CreatePost {
                author,
                title,
                content,
            } = create
            {
                indexes.push(index);
                new.push(NewPost {
                    user_id: self.author(*author)?,
                    title: title.clone(),
                    content: content.clone(),
                });
            }
        }
        self.insert_posts(&indexes, &new)
    }

    fn insert_posts(
        &mut self,
        indexes: &[usize],
        new: &[NewPost],
    ) -> Result<Vec<OperationOutcome>, AppError> {
        let (principal, now) = (&{ self.principal }, self.now);
        let is_allowed =
            |post: &NewPost| policy::check(principal, Action::WritePost(post.user_id)).is_ok();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        if new.iter().all(is_allowed) {
            match self.session.posts().insert_all(new, now) {
                Ok(posts) => return Ok(posts.iter().map(OperationOutcome::created_post).collect()),
                Err(RepositoryError::MissingReference(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        iter::zip(indexes, new)
            .map(|(index, post)| {
                let created = posts::create(self.session, principal, post, now);
                created
                    .map(|post| OperationOutcome::created_post(&post))
                    .map_err(|error| located(*index, error))
            })
            .collect()
    }

    /// Who that is, now that the operations so far are done.
    fn author(&self, author: Author) -> Result<UserId, AppError> {
        match author {
            Author::Known(id) => Ok(id),
            Author::CreatedBy(index) => self.users.get(&index).copied().ok_or_else(|| {
                AppError::internal(format!("operation {index} of the batch created no user"))
            }),
        }
    }
}

fn too_few() -> AppError {
    AppError::internal("the store created fewer rows than it was given")
}

/// What the operation at `index` is to blame for names it.
fn located(index: usize, error: AppError) -> AppError {
    match error {
        AppError::NotFound(_)
        | AppError::Conflict(_)
        | AppError::Forbidden(_)
        | AppError::PreconditionFailed(_) => AppError::InOperation {
            index,
            error: Box::new(error),
        },
        other => other,
    }
}

impl OperationOutcome {
    fn created_user(user: &User) -> Self {
        Self {
            subject: EntityRef::User(user.id),
            effect: Effect::Created(RowMeta::of_user(user)),
        }
    }

    fn created_post(post: &Post) -> Self {
        Self {
            subject: EntityRef::Post(post.id),
            effect: Effect::Created(RowMeta::of_post(post)),
        }
    }

    const fn deleted(subject: EntityRef) -> Self {
        Self {
            subject,
            effect: Effect::Deleted,
        }
    }
}

impl RowMeta {
    const fn of_user(user: &User) -> Self {
        Self {
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }

    const fn of_post(post: &Post) -> Self {
        Self {
            version: post.version,
            created_at: post.created_at,
            updated_at: post.updated_at,
        }
    }
}

#[cfg(test)]
mod tests;
