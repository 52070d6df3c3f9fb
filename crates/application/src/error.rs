use std::error::Error;
use std::sync::Arc;

use byline_domain::policy::Denial;
use byline_domain::{Entity, Id, Relation};

use crate::{CredentialError, RepositoryError};

/// The cause of an error, for the log only.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// An error of a use case. `Display` never repeats the source.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppError {
    /// The row does not exist.
    #[error("there is no {0}")]
    NotFound(EntityRef),
    /// The request contradicts what is stored.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The credential is refused.
    #[error("the credential {0}")]
    Unauthenticated(CredentialError),
    /// The caller may not do this.
    #[error("not allowed")]
    Forbidden(#[from] Denial),
    /// The row is not in any of the versions that the caller named.
    #[error("{0} is in another version than the request names")]
    PreconditionFailed(EntityRef),
    /// An operation of a batch failed, and the batch with it.
    #[error("operation {index} of the batch failed")]
    InOperation {
        /// Its index in the batch, from 0.
        index: usize,
        /// The error of the operation.
        #[source]
        error: Box<AppError>,
    },
    /// The transaction lost a conflict with another one. A store runs the job again; its caller
    /// sees [`Unavailable::Contention`] at last.
    #[error("lost a conflict with another transaction")]
    Contention(#[source] Option<Cause>),
    /// The same request may succeed later. Nothing was changed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The change may have been committed or not: the store failed at the commit.
    #[error("the store did not say whether the change was committed")]
    OutcomeUnknown(#[source] Option<Cause>),
    /// A bug, here or in the store.
    #[error("internal error")]
    Internal(#[source] Cause),
}

/// The row that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{entity} {id}")]
pub struct EntityRef {
    /// The [name](Entity::NAME) of its entity.
    pub entity: &'static str,
    /// Its id.
    pub id: i64,
}

impl<E: Entity> From<Id<E>> for EntityRef {
    fn from(id: Id<E>) -> Self {
        Self {
            entity: E::NAME,
            id: id.get(),
        }
    }
}

/// A contradiction between a request and what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Another user has this e-mail address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// A row names a parent with this id, which does not exist.
    #[error("there is no {parent} {1}, which `{field}` names", parent = .0.parent, field = .0.field)]
    ParentMissing(Relation, i64),
    /// The row cannot be deleted while there are children of it.
    #[error("{1} still has {children}", children = .0.children)]
    StillReferenced(Relation, EntityRef),
    /// A request with the same idempotency key has not ended yet.
    #[error("a request with this idempotency key has not ended yet")]
    KeyInUse,
    /// Another request came with the same idempotency key before.
    #[error("the idempotency key belongs to another request")]
    KeyReused,
    /// The database has given every id that there can be.
    #[error("there is no id left for another row")]
    NoIdLeft,
    /// The row is in the last version that there can be.
    #[error("{0} is in the last version that there can be")]
    LastVersion(EntityRef),
    /// The identity, or the user, is linked already.
    #[error("the identity or the user is linked already")]
    IdentityLinked,
}

/// The reason why a request cannot be carried out at present.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unavailable {
    /// The queue of jobs is full.
    #[error("too many requests wait for the database")]
    QueueFull,
    /// The deadline of the request passed while its job was queued.
    #[error("the request waited for the database until its time was over")]
    DeadlinePassed,
    /// The database cannot be reached, or refuses the work (disk full, read-only, shutting
    /// down).
    #[error("the database cannot do this at present")]
    Database(#[source] Cause),
    /// The job lost conflicts with other transactions again and again.
    #[error("too many conflicts with other transactions")]
    Contention,
    /// The service is shutting down.
    #[error("the service is shutting down")]
    ShuttingDown,
}

impl AppError {
    /// Returns the error for a bug with this cause.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }
}

impl From<CredentialError> for AppError {
    fn from(refusal: CredentialError) -> Self {
        Self::Unauthenticated(refusal)
    }
}

impl From<RepositoryError> for AppError {
    /// Returns the meaning of an error that the use case does not expect: an unexpected
    /// duplicate or broken reference is a bug.
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::Contention(cause) | RepositoryError::LockTimeout(cause) => {
                Self::Contention(Some(cause))
            }
            RepositoryError::Unavailable(cause) => Self::Unavailable(Unavailable::Database(cause)),
            RepositoryError::OutcomeUnknown(cause) => Self::OutcomeUnknown(Some(cause)),
            RepositoryError::NoIdLeft => Conflict::NoIdLeft.into(),
            bug => Self::internal(bug),
        }
    }
}

#[cfg(test)]
mod tests;
