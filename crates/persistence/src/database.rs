use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use byline_application::Store;

use crate::database_url::Target;
use crate::mysql::{self, MysqlStore};
use crate::sqlite::{self, Role, SqliteStore};
use crate::{DatabaseUrl, OpenError, Options};

/// For a caller who waits for each answer.
const ONE_AT_A_TIME: Options = Options {
    pool_size: NonZeroUsize::MIN,
    queue_length: NonZeroUsize::MIN,
};

/// An open database and the threads of its store.
pub struct Database {
    engine: Engine,
}

enum Engine {
    Sqlite(Arc<SqliteStore>),
    Mysql(Arc<MysqlStore>),
}

impl Database {
    /// Opens a database that has the schema of this program. A server that is
    /// away is no error: the store is not ready until it comes.
    ///
    /// # Errors
    ///
    /// What is wrong with the database, or with the machine.
    pub fn open(url: &DatabaseUrl, options: &Options) -> Result<Self, OpenError> {
        Self::open_as(url, options, Role::Writer)
    }

    /// Opens a database as [`open`](Self::open) does, for one caller who moves
    /// many rows: one thread, and more memory for the pages of a file.
    ///
    /// # Errors
    ///
    /// What is wrong with the database, or with the machine.
    pub fn open_bulk(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Self::open_as(url, &ONE_AT_A_TIME, Role::BulkWriter)
    }

    /// Opens a database as [`open_bulk`](Self::open_bulk) does, to read it only: a
    /// SQLite file may be where nothing can be written.
    ///
    /// # Errors
    ///
    /// What is wrong with the database, or with the machine.
    pub fn open_to_read(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Self::open_as(url, &ONE_AT_A_TIME, Role::BulkReader)
    }

    /// Opens a SQLite file as [`open_bulk`](Self::open_bulk) does, without the
    /// indexes that only lists need, so that rows are stored at a fraction of the
    /// cost. [`migrate`](crate::migrations::migrate) builds them; until then the
    /// file is refused by everything but this, and lists fail.
    ///
    /// # Errors
    ///
    /// [`OpenError::InUse`] while something else has the file open;
    /// [`OpenError::KeepsIndexes`] if the database is a server's; what is wrong
    /// with the database, or with the machine.
    pub fn open_without_list_indexes(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let Target::Sqlite(path) = &url.0 else {
            return Err(OpenError::KeepsIndexes);
        };
        let store = SqliteStore::open_without_list_indexes(path, &ONE_AT_A_TIME)?;
        Ok(Self {
            engine: Engine::Sqlite(Arc::new(store)),
        })
    }

    fn open_as(url: &DatabaseUrl, options: &Options, writer: Role) -> Result<Self, OpenError> {
        let engine = match &url.0 {
            Target::Sqlite(path) => {
                Engine::Sqlite(Arc::new(SqliteStore::open(path, options, writer)?))
            }
            Target::Mysql(target) => Engine::Mysql(Arc::new(MysqlStore::open(target, options)?)),
        };
        Ok(Self { engine })
    }

    /// The port behind which the database works.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        match &self.engine {
            Engine::Sqlite(store) => store.clone(),
            Engine::Mysql(store) => store.clone(),
        }
    }

    /// Refuses new jobs, finishes those it has accepted, and ends the threads.
    pub fn close(self) {
        match self.engine {
            Engine::Sqlite(store) => store.close(),
            Engine::Mysql(store) => store.close(),
        }
    }
}

/// Writes a copy of the database, as it is at one moment after the call, and
/// checks it. The database may be in use. `to` is an empty file, or none yet, in a
/// folder in which nothing else has its name. The copy is not synced.
///
/// # Errors
///
/// The database cannot be read, the copy cannot be written or is damaged, or
/// the engine has means of its own.
pub fn backup(url: &DatabaseUrl, to: &Path) -> Result<(), OpenError> {
    match &url.0 {
        Target::Sqlite(path) => sqlite::backup(path, to),
        Target::Mysql(_) => Err(OpenError::NoBackup),
    }
}

/// What is damaged in a database, a line each; empty if it is sound: damaged
/// pages and indexes, references to nothing, tables and indexes that are not as
/// the migrations made them.
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
