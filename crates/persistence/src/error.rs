use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use byline_application::Cause;

/// Why a database cannot be opened, in words for the operator.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such file.
    #[error("there is no file {path}; `bylinectl migrate --database-url sqlite:{path}` creates it", path = .0.display())]
    Missing(PathBuf),
    /// The file holds something else.
    #[error("{path} is not a Byline database", path = .0.display())]
    Foreign(PathBuf),
    /// The file has more than one name.
    #[error(
        "{path} is a hard link: the file has another name, and what is written under one of them \
         damages it for the other; remove one", path = .0.display()
    )]
    Linked(PathBuf),
    /// The file is part of another database.
    #[error("{path} is where SQLite keeps the latest changes of {database}", path = .0.display(), database = .1.display())]
    Beside(PathBuf, PathBuf),
    /// The database lacks migrations of this program.
    #[error("the database lacks the migration {missing}; `bylinectl migrate` applies it")]
    SchemaTooOld {
        /// The first migration that it lacks.
        missing: String,
    },
    /// The database has migrations that this program does not know.
    #[error(
        "the database is of a newer version of Byline: it has the migration {unknown}, which this program does not know"
    )]
    SchemaTooNew {
        /// The first migration unknown here.
        unknown: String,
    },
    /// The SQLite library in this program can damage databases.
    #[error("SQLite {0} is too old: write-ahead logs can be damaged before 3.51.3")]
    SqliteTooOld(String),
    /// The file cannot be opened or set up.
    #[error("cannot open {path}", path = .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// The engine's error.
        #[source]
        cause: Cause,
    },
    /// The file cannot be written.
    #[error("{path} is read-only", path = .0.display())]
    ReadOnly(PathBuf),
    /// The file can only be read without its log, which holds committed changes.
    #[error(
        "{path} cannot be read where nothing can be written: some of it may still be in {path}-wal; copy both files to a folder that can be written",
        path = .0.display()
    )]
    LogUnreadable(PathBuf),
    /// The file was written while it was read without locks.
    #[error("{path} was written meanwhile; run the command again", path = .0.display())]
    Changed(PathBuf),
    /// The server cannot be reached, refuses the account, or lacks something that
    /// the service relies on.
    #[error("cannot use the database server")]
    Server(#[source] Cause),
    /// The backup cannot be written.
    #[error("cannot write the backup")]
    Backup(#[source] Cause),
    /// The copy that was made for a backup is damaged.
    #[error("the database is damaged: {0}; no backup was made")]
    Damaged(String),
    /// The engine has its own tools for backups.
    #[error("backups of a server's database are made by mariadb-dump or mariadb-backup")]
    NoBackup,
    /// Another process has the file open, and needs the indexes.
    #[error("{path} is open elsewhere; indexes can be left out only while it is not", path = .0.display())]
    InUse(PathBuf),
    /// Indexes can only be left out of a SQLite file.
    #[error("the indexes of a server's database stay; they can be left out of a SQLite file")]
    KeepsIndexes,
    /// A migration failed.
    #[error("cannot migrate the database")]
    Migration(#[source] Cause),
    /// A thread or connection of the store could not be set up.
    #[error("cannot start the store")]
    Store(#[source] Cause),
}

impl OpenError {
    /// Returns the error for a file that cannot be opened or set up.
    pub(crate) fn unusable(path: &Path, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Unusable {
            path: path.to_owned(),
            cause: Arc::new(cause),
        }
    }

    /// Returns what an error of the first statements on a file means.
    pub(crate) fn from_sqlite(path: &Path, error: diesel::result::Error) -> Self {
        if error.to_string().starts_with("file is not a database") {
            Self::Foreign(path.to_owned())
        } else {
            Self::unusable(path, error)
        }
    }
}
