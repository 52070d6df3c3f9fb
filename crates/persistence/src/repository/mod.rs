//! The repositories, written once. Each engine mounts this module beside its own `Connection`
//! and `dialect`, and so compiles it for its connection type.

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

/// A session on a connection. The caller begins and ends its transaction.
pub(super) struct DieselSession<'c> {
    connection: &'c mut Connection,
    failure: Option<RepositoryError>,
    mode: WriteMode,
}

/// What a session may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteMode {
    Nothing,
    OneInsertion,
    Everything,
}

impl<'c> DieselSession<'c> {
    /// Returns a session that allows only what `intent` says. No other check prevents a write
    /// where each statement commits itself.
    pub(super) fn new(connection: &'c mut Connection, intent: Intent) -> Self {
        Self {
            connection,
            failure: None,
            mode: match intent {
                Intent::Read | Intent::Snapshot => WriteMode::Nothing,
                Intent::Create => WriteMode::OneInsertion,
                Intent::Write | Intent::DryRun => WriteMode::Everything,
            },
        }
    }

    /// Returns the first error after which nothing may be committed. Every later statement
    /// was refused.
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
        if self.mode == WriteMode::OneInsertion {
            self.mode = WriteMode::Nothing;
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
        if self.mode != WriteMode::Everything {
            let error = RepositoryError::Fault(Arc::new(NotAllowed));
            return Err(self.failure.get_or_insert(error).clone());
        }
        self.run_related(statement, broken)
    }

    /// Runs one statement, unless the session has a [`failure`](Self::failure): the engine may
    /// have rolled back the transaction, and a later statement would commit by itself.
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
            let error = match dialect::breaks_unnamed_foreign_key(&error) {
                true => match broken(self.connection) {
                    Ok(found) => found.unwrap_or_else(|| dialect::classify(error)),
                    Err(error) => dialect::classify(error),
                },
                false => dialect::classify(error),
            };
            let undoes_only_itself = matches!(
                error,
                RepositoryError::Duplicate(_)
                    | RepositoryError::MissingReference(_)
                    | RepositoryError::StillReferenced(_)
            );
            if !undoes_only_itself {
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
