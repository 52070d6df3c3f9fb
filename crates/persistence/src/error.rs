//! Why a database cannot be opened.

use std::path::{Path, PathBuf};

use byline_application::Cause;

/// Why a database cannot be opened, in a sentence for the person who starts
/// the program.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no such file.
    #[error("there is no file {path}; `bylinectl migrate --database-url sqlite:{path}` creates it", path = .0.display())]
    Missing(PathBuf),
    /// The file holds something else.
    #[error("{path} is not a Byline database", path = .0.display())]
    Foreign(PathBuf),
    /// The file has another name.
    #[error(
        "{path} is a hard link: the file has another name, and what is written under one of them \
         damages it for the other; remove one", path = .0.display()
    )]
    Linked(PathBuf),
    /// The file is a part of another database.
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
    /// The SQLite library in this program is one that can damage databases.
    #[error("SQLite {0} is too old: write-ahead logs can be damaged before 3.51.3")]
    SqliteTooOld(String),
    /// The file cannot be opened or set up.
    #[error("cannot open {path}", path = .path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        #[source]
        cause: Cause,
    },
    /// The file cannot be written.
    #[error("{path} is read-only", path = .0.display())]
    ReadOnly(PathBuf),
    /// The file can only be read as it is, and lacks what its log has.
    #[error(
        "{path} cannot be read where nothing can be written: some of it may still be in {path}-wal; copy both files to a folder that can be written",
        path = .0.display()
    )]
    LogUnreadable(PathBuf),
    /// The file was written while it was read as it is.
    #[error("{path} was written meanwhile; run the command again", path = .0.display())]
    Changed(PathBuf),
    /// The server cannot be reached, refuses the account, or does not do what
    /// the service relies on.
    #[error("cannot use the database server")]
    Server(#[source] Cause),
    /// The backup cannot be written.
    #[error("cannot write the backup")]
    Backup(#[source] Cause),
    /// What was read for a backup is damaged.
    #[error("the database is damaged: {0}; no backup was made")]
    Damaged(String),
    /// Somebody else makes backups of this engine.
    #[error("backups of a server's database are made by mariadb-dump or mariadb-backup")]
    NoBackup,
    /// Something else has the file open, and would miss what is to be left out.
    #[error("{path} is open elsewhere; indexes can be left out only while it is not", path = .0.display())]
    InUse(PathBuf),
    /// Indexes can be left out of files only.
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
    pub(crate) fn cannot_open(path: &Path, error: diesel::ConnectionError) -> Self {
        Self::Unusable {
            path: path.to_owned(),
            cause: std::sync::Arc::new(error),
        }
    }

    /// What an error of the first statements on a file means.
    pub(crate) fn from_sqlite(path: &Path, error: diesel::result::Error) -> Self {
        if error.to_string().starts_with("file is not a database") {
            Self::Foreign(path.to_owned())
        } else {
            Self::Unusable {
                path: path.to_owned(),
                cause: std::sync::Arc::new(error),
            }
        }
    }
}
