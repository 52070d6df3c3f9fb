use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use byline_application::Store;

use crate::database_url::Target;
use crate::mysql::{self, MysqlStore};
use crate::sqlite::{self, Role, SqliteStore};
use crate::threads::EngineStore;
use crate::{DatabaseUrl, OpenError, Options};

/// The options for a caller that waits for each result.
const ONE_AT_A_TIME: Options = Options {
    pool_size: NonZeroUsize::MIN,
    queue_length: NonZeroUsize::MIN,
};

/// An open database and the threads of its store.
pub struct Database(Arc<dyn EngineStore>);

impl Database {
    /// Opens a database that has the schema of this program. A server may be away: the
    /// store is not ready until it comes back.
    ///
    /// # Errors
    ///
    /// Any [`OpenError`] about the database or the machine.
    pub fn open(url: &DatabaseUrl, options: &Options) -> Result<Self, OpenError> {
        Self::open_as(url, options, Role::Writer)
    }

    /// Opens a database for a single caller that writes many rows: with one thread, and
    /// more memory for the pages of a file.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_bulk(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Self::open_as(url, &ONE_AT_A_TIME, Role::BulkWriter)
    }

    /// Opens a database for a single caller that only reads. A SQLite file may be where
    /// nothing can be written.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn open_to_read(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Self::open_as(url, &ONE_AT_A_TIME, Role::BulkReader)
    }

    /// Opens a SQLite file as [`open_bulk`](Self::open_bulk) does, and drops the indexes
    /// that only lists need, which makes inserts far cheaper.
    /// [`migrate`](crate::migrations::migrate) rebuilds them. Until then lists fail, and
    /// every other function refuses the file.
    ///
    /// # Errors
    ///
    /// [`OpenError::InUse`] while another process has the file open,
    /// [`OpenError::KeepsIndexes`] for a database on a server, and those of
    /// [`open`](Self::open).
    pub fn open_without_list_indexes(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let Target::Sqlite(path) = &url.0 else {
            return Err(OpenError::KeepsIndexes);
        };
        let store = SqliteStore::open_without_list_indexes(path, &ONE_AT_A_TIME)?;
        Ok(Self(Arc::new(store)))
    }

    fn open_as(url: &DatabaseUrl, options: &Options, role: Role) -> Result<Self, OpenError> {
        Ok(Self(match &url.0 {
            Target::Sqlite(path) => Arc::new(SqliteStore::open(path, options, role)?),
            Target::Mysql(target) => Arc::new(MysqlStore::open(target, options)?),
        }))
    }

    /// Returns the store of the database.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }

    /// Refuses new jobs, finishes those it has accepted, and ends the threads.
    pub fn close(self) {
        self.0.close();
    }
}

/// Writes a copy of the database as of one moment after the call, and checks it. The
/// database may be in use. `to` is an empty file, or does not exist. The copy is not
/// synced.
///
/// # Errors
///
/// The database cannot be read, the copy cannot be written or is damaged, or the engine
/// has its own tools.
pub fn backup(url: &DatabaseUrl, to: &Path) -> Result<(), OpenError> {
    match &url.0 {
        Target::Sqlite(path) => sqlite::backup(path, to),
        Target::Mysql(_) => Err(OpenError::NoBackup),
    }
}

/// Returns a line for each damage in the database: damaged pages and indexes, references
/// to missing rows, and tables and indexes that differ from those of the migrations.
///
/// # Errors
///
/// The database cannot be opened or read.
pub fn check(url: &DatabaseUrl) -> Result<Vec<String>, OpenError> {
    match &url.0 {
        Target::Sqlite(path) => sqlite::check(path),
        Target::Mysql(target) => mysql::check(target),
    }
}
