//! The repositories, written once. Each engine mounts this module under its
//! own, beside a `Connection` and a `dialect`, and so compiles it for its own
//! connection type.

mod idempotency;
mod posts;
mod users;

use byline_application::{
    IdempotencyRepository, PostRepository, RepositoryError, Session, UserRepository,
};
use diesel::QueryResult;

use super::{Connection, dialect};

/// A session on a connection whose transaction somebody else begins and ends.
pub(super) struct DieselSession<'c> {
    connection: &'c mut Connection,
    failure: Option<RepositoryError>,
}

impl<'c> DieselSession<'c> {
    pub(super) fn new(connection: &'c mut Connection) -> Self {
        Self {
            connection,
            failure: None,
        }
    }

    /// The first error after which nothing may be committed. Work that went on
    /// in spite of it was refused from then on.
    pub(super) fn failure(self) -> Option<RepositoryError> {
        self.failure
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
