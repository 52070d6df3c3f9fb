//! The repositories, written once. Each engine mounts this module under its
//! own, beside a `Connection` and a `dialect`, and so compiles it for its own
//! connection type.

mod bulk;
mod idempotency;
mod identities;
mod imports;
mod keys;
mod lists;
mod posts;
mod users;

use std::sync::Arc;

use byline_application::import::ImportRepository;
use byline_application::{
    BulkRepository, IdempotencyRepository, IdentityRepository, Intent, KeyRepository,
    PostRepository, RepositoryError, Session, UserRepository,
};
use diesel::QueryResult;

use super::{Connection, dialect};

type Backend = <Connection as diesel::Connection>::Backend;

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

    /// Runs one statement that inserts a row, if the session may.
    fn insert<T>(
        &mut self,
        statement: impl FnOnce(&mut Connection) -> QueryResult<T>,
    ) -> Result<T, RepositoryError> {
        match self.allowance {
            WriteMode::Nothing => self.refuse(),
            WriteMode::OneInsertion => {
                self.allowance = WriteMode::Nothing;
                self.run(statement)
            }
            WriteMode::Everything => self.run(statement),
        }
    }

    /// Runs one statement that changes rows, if the session may.
    fn change<T>(
        &mut self,
        statement: impl FnOnce(&mut Connection) -> QueryResult<T>,
    ) -> Result<T, RepositoryError> {
        match self.allowance {
            WriteMode::Nothing | WriteMode::OneInsertion => self.refuse(),
            WriteMode::Everything => self.run(statement),
        }
    }

    fn refuse<T>(&mut self) -> Result<T, RepositoryError> {
        let error = RepositoryError::Fault(Arc::new(NotAllowed));
        let failure = self.failure.get_or_insert(error);
        Err(failure.clone())
    }

    /// Runs one statement, unless an earlier one failed for good: the engine
    /// may have undone the transaction by then, and what comes after would be
    /// committed on its own.
    fn run<T>(
        &mut self,
        statement: impl FnOnce(&mut Connection) -> QueryResult<T>,
    ) -> Result<T, RepositoryError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        statement(self.connection).map_err(|error| {
            let error = dialect::classify(error);
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
    fn users(&mut self) -> &mut dyn UserRepository {
        self
    }

    fn posts(&mut self) -> &mut dyn PostRepository {
        self
    }

    fn idempotency(&mut self) -> &mut dyn IdempotencyRepository {
        self
    }

    fn bulk(&mut self) -> &mut dyn BulkRepository {
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
