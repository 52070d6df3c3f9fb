//! The repositories, written once. Each engine mounts this module under its
//! own, beside a `Connection` and a `dialect`, and so compiles it for its own
//! connection type.

mod entity;
mod idempotency;
mod identities;
mod imports;
mod keys;
mod lists;
mod posts;
mod relations;
pub(super) mod table;
pub(super) mod users;

#[cfg(test)]
pub(super) mod relation_tests;

use std::sync::Arc;

use byline_application::import::ImportRepository;
use byline_application::{
    IdempotencyRepository, IdentityRepository, Intent, KeyRepository, Repository, RepositoryError,
    Session,
};
use byline_domain::{PostFields, UserFields};
use diesel::QueryResult;

use super::{Connection, dialect};

/// A session on a connection whose transaction somebody else begins and ends.
pub(super) struct DieselSession<'c> {
    connection: &'c mut Connection,
    failure: Option<RepositoryError>,
    allowance: WriteMode,
}

/// What a session may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteMode {
    Nothing,
    OneInsertion,
    Everything,
}

impl<'c> DieselSession<'c> {
    /// A session that holds its job to what `intent` says: where a statement
    /// commits itself, nothing else would.
    pub(super) fn new(connection: &'c mut Connection, intent: Intent) -> Self {
        Self {
            connection,
            failure: None,
            allowance: match intent {
                Intent::Read | Intent::Snapshot => WriteMode::Nothing,
                Intent::Create => WriteMode::OneInsertion,
                Intent::Write | Intent::DryRun => WriteMode::Everything,
            },
        }
    }

    /// The first error after which nothing may be committed. Work that went on
    /// in spite of it was refused from then on.
    pub(super) fn failure(self) -> Option<RepositoryError> {
        self.failure
    }

    /// Runs one statement that inserts a row, if the session may. For `broken`, see
    /// [`run_related`](Self::run_related).
    fn insert_one<T>(
        &mut self,
        statement: impl FnOnce(&mut Connection) -> QueryResult<T>,
        broken: impl FnOnce(&mut Connection) -> QueryResult<Option<RepositoryError>>,
    ) -> Result<T, RepositoryError> {
        if self.allowance == WriteMode::OneInsertion {
            self.allowance = WriteMode::Nothing;
            return self.run_related(statement, broken);
        }
        self.change_related(statement, broken)
    }

    /// Runs one statement that changes rows, if the session may.
    fn change<T>(
        &mut self,
        statement: impl FnOnce(&mut Connection) -> QueryResult<T>,
    ) -> Result<T, RepositoryError> {
        self.change_related(statement, |_| Ok(None))
    }

    /// As [`change`](Self::change). For `broken`, see [`run_related`](Self::run_related).
    fn change_related<T>(
        &mut self,
        statement: impl FnOnce(&mut Connection) -> QueryResult<T>,
        broken: impl FnOnce(&mut Connection) -> QueryResult<Option<RepositoryError>>,
    ) -> Result<T, RepositoryError> {
        if self.allowance != WriteMode::Everything {
            let error = RepositoryError::Fault(Arc::new(NotAllowed));
            return Err(self.failure.get_or_insert(error).clone());
        }
        self.run_related(statement, broken)
    }

    /// Runs one statement, unless an earlier one failed for good: the engine
    /// may have undone the transaction by then, and what comes after would be
    /// committed on its own.
    fn run<T>(
        &mut self,
        statement: impl FnOnce(&mut Connection) -> QueryResult<T>,
    ) -> Result<T, RepositoryError> {
        self.run_related(statement, |_| Ok(None))
    }

    /// As [`run`](Self::run). If the statement breaks a foreign key that the engine does not
    /// name, `broken` finds out which one it was.
    fn run_related<T>(
        &mut self,
        statement: impl FnOnce(&mut Connection) -> QueryResult<T>,
        broken: impl FnOnce(&mut Connection) -> QueryResult<Option<RepositoryError>>,
    ) -> Result<T, RepositoryError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        statement(self.connection).map_err(|error| {
            let broken = match dialect::breaks_unnamed_foreign_key(&error) {
                true => broken(self.connection),
                false => Ok(None),
            };
            let error = match broken {
                Ok(found) => found.unwrap_or_else(|| dialect::classify(error)),
                Err(error) => dialect::classify(error),
            };
            if !undoes_only_itself(&error) {
                self.failure = Some(error.clone());
            }
            error
        })
    }
}

/// A bug in the caller of the store.
#[derive(Debug, thiserror::Error)]
#[error("the job changes more than it was submitted for")]
struct NotAllowed;

impl Session for DieselSession<'_> {
    fn users(&mut self) -> &mut dyn Repository<UserFields> {
        self
    }

    fn posts(&mut self) -> &mut dyn Repository<PostFields> {
        self
    }

    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository {
        self
    }

    fn imports(&mut self) -> &mut dyn ImportRepository {
        self
    }

    fn keys(&mut self) -> &mut dyn KeyRepository {
        self
    }

    fn identities(&mut self) -> &mut dyn IdentityRepository {
        self
    }
}

/// Whether the statement that failed so leaves the transaction as it was.
fn undoes_only_itself(error: &RepositoryError) -> bool {
    matches!(
        error,
        RepositoryError::Duplicate(_)
            | RepositoryError::MissingReference(_)
            | RepositoryError::StillReferenced(_)
    )
}
