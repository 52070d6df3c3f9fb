//! Classifies the errors of the server and of the driver.

use std::sync::Arc;

use byline_application::{Cause, RepositoryError, UniqueKey, identities, keys};
use byline_domain::{Entity, Relation};
use diesel::result::{DatabaseErrorKind, Error};

use crate::schema::UNIQUE_KEYS;
#[cfg(test)]
use crate::test_entities::{Book, Note};

/// Classifies an error of a statement. If the connection broke, it is unknown whether the
/// statement took effect.
pub(super) fn classify(error: Error) -> RepositoryError {
    let meaning = meaning(&error);
    let cause = || -> Cause { Arc::new(ServerError::from(error)) };
    match meaning {
        ErrorKind::Duplicate(key) => RepositoryError::Duplicate(key),
        ErrorKind::ParentMissing(relation) => RepositoryError::MissingReference(relation),
        ErrorKind::StillReferenced(relation) => RepositoryError::StillReferenced(relation),
        ErrorKind::NoIdLeft => RepositoryError::NoIdLeft,
        ErrorKind::Conflict => RepositoryError::Contention(cause()),
        ErrorKind::LockTimeout => RepositoryError::LockTimeout(cause()),
        ErrorKind::Refused | ErrorKind::Unfit => RepositoryError::Unavailable(cause()),
        ErrorKind::Lost | ErrorKind::Undecided => RepositoryError::OutcomeUnknown(cause()),
        ErrorKind::UnnamedForeignKey | ErrorKind::Bug => RepositoryError::Fault(cause()),
    }
}

/// Classifies an error of a COMMIT: the outcome is unknown unless it was surely undone.
pub(super) fn classify_commit(error: Error) -> RepositoryError {
    match classify(error) {
        contention @ RepositoryError::Contention(_) => contention,
        RepositoryError::Unavailable(cause) | RepositoryError::Fault(cause) => {
            RepositoryError::OutcomeUnknown(cause)
        }
        other => other,
    }
}

/// Wraps an error of a COMMIT among the statements of a session, so that [`classify`] treats it as
/// [`classify_commit`] does.
pub(super) fn at_commit(error: Error) -> Error {
    match meaning(&error) {
        ErrorKind::Conflict | ErrorKind::Lost => error,
        _ => Error::DeserializationError(Box::new(AtCommit(error.into()))),
    }
}

/// A COMMIT failed, and it is unknown whether it took effect.
#[derive(Debug, thiserror::Error)]
#[error("the commit failed")]
struct AtCommit(#[source] ServerError);

/// Returns whether the connection is unusable.
pub(super) fn is_lost(error: &Error) -> bool {
    matches!(meaning(error), ErrorKind::Lost)
}

/// Returns whether this server can do nothing at present, and has done nothing, while another
/// server of the same database may.
pub(super) fn is_unfit(error: &Error) -> bool {
    matches!(meaning(error), ErrorKind::Unfit)
}

/// Returns whether a foreign key was broken that the server does not name.
pub(super) fn breaks_unnamed_foreign_key(error: &Error) -> bool {
    matches!(meaning(error), ErrorKind::UnnamedForeignKey)
}

/// Returns whether a row with this key exists.
pub(super) fn is_duplicate(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

/// Returns whether the table does not exist.
pub(super) fn is_missing_table(error: &Error) -> bool {
    // 1146
    matches!(error, Error::DatabaseError(_, information)
        if information.message().starts_with("Table '") && information.message().ends_with("doesn't exist"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErrorKind {
    Duplicate(UniqueKey),
    ParentMissing(Relation),
    StillReferenced(Relation),
    /// The server names constraints only to accounts that may see both tables.
    UnnamedForeignKey,
    /// Every valid id was given.
    NoIdLeft,
    /// Another transaction holds a lock for too long.
    LockTimeout,
    /// The transaction is undone; run again, it may succeed.
    Conflict,
    /// Nothing was done; it may be possible later.
    Refused,
    /// The same, and it may be possible on another server at once.
    Unfit,
    /// The connection broke.
    Lost,
    /// The connection works, but it is unknown whether a commit took effect.
    Undecided,
    Bug,
}

/// diesel-async keeps the server's text and a few kinds, not its numbers. The
/// texts are those of `lc_messages = en_US`, which every connection sets.
fn meaning(error: &Error) -> ErrorKind {
    let (kind, information) = match error {
        Error::DatabaseError(kind, information) => (kind, information),
        Error::DeserializationError(cause) if cause.is::<NoIdLeft>() => return ErrorKind::NoIdLeft,
        Error::DeserializationError(cause) if cause.is::<AtCommit>() => {
            return ErrorKind::Undecided;
        }
        _ => return ErrorKind::Bug,
    };
    let message = information.message();
    match kind {
        // After a crash, MariaDB 10.11 was seen to give an id that a recovered
        // row has. Each attempt takes the next one.
        DatabaseErrorKind::UniqueViolation if message.ends_with("PRIMARY'") => ErrorKind::Conflict,
        DatabaseErrorKind::UniqueViolation => {
            unique_key(message).map_or(ErrorKind::Bug, ErrorKind::Duplicate)
        }
        DatabaseErrorKind::ForeignKeyViolation => match relation(message) {
            // 1451; the other is 1452.
            Some(relation) if message.starts_with("Cannot delete or update a parent row") => {
                ErrorKind::StillReferenced(relation)
            }
            Some(relation) => ErrorKind::ParentMissing(relation),
            None => ErrorKind::UnnamedForeignKey,
        },
        DatabaseErrorKind::ReadOnlyTransaction => ErrorKind::Refused,
        // 1036, of MariaDB with innodb_read_only.
        DatabaseErrorKind::Unknown
            if message.starts_with("Table '") && message.ends_with("is read only") =>
        {
            ErrorKind::Unfit
        }
        DatabaseErrorKind::Unknown => TEXTS
            .iter()
            .find(|(_, texts)| texts.iter().any(|(_, start)| message.starts_with(start)))
            .map_or(ErrorKind::Bug, |(meaning, _)| *meaning),
        _ => ErrorKind::Bug,
    }
}

/// Returns the key of the index that a message ends with. MariaDB names the index, MySQL 8
/// the table and the index.
fn unique_key(message: &str) -> Option<UniqueKey> {
    let message = message.strip_suffix('\'')?;
    let mut keys = UNIQUE_KEYS.iter();
    let named = keys.find(|(table, column, _)| message.ends_with(&format!("{table}_{column}")));
    named.map(|(_, _, key)| *key)
}

/// Returns the relation whose foreign key a message names, by the table and the column of the
/// child.
fn relation(message: &str) -> Option<Relation> {
    let (before, rest) = message.split_once("`, CONSTRAINT `")?;
    let (_, table) = before.rsplit_once('`')?;
    let (_, rest) = rest.split_once("` FOREIGN KEY (`")?;
    let (column, _) = rest.split_once('`')?;
    let mut relations = RELATIONS.iter().filter(|(child, _)| *child == table);
    let relation = relations.find_map(|(_, all)| all.iter().find(|one| one.field == column));
    relation.copied()
}

macro_rules! relations {
    ($($variant:ident $entity:ident,)+) => {
        &[
            $((
                <byline_domain::$entity as Entity>::PLURAL,
                <byline_domain::$entity as Entity>::PARENTS,
            ),)+
            ("api_keys", &[keys::USER]),
            ("identities", &[identities::USER]),
            #[cfg(test)]
            (Book::PLURAL, Book::PARENTS),
            #[cfg(test)]
            (Note::PLURAL, Note::PARENTS),
        ]
    };
}

/// The relations by the tables of their children.
const RELATIONS: &[(&str, &[Relation])] = byline_domain::entities!(relations!);

/// How the driver's own errors begin; the server's never do.
pub(super) const DRIVER_ERROR: &str = "Driver error: ";

/// The numbers of errors and how their texts begin, by what they mean. 0 is the driver's.
const TEXTS: &[(ErrorKind, &[(u16, &str)])] = &[
    (
        ErrorKind::Lost,
        &[
            (0, DRIVER_ERROR),
            (0, "Input/output error: "),
            (1053, "Server shutdown in progress"),
            (1927, "Connection was killed"),
            (4031, "The client was disconnected by the server"),
        ],
    ),
    (
        ErrorKind::Conflict,
        &[
            (1213, "Deadlock found"),
            (1020, "Record has changed since last read"),
            // TiDB's, from its documentation.
            (8005, "Write Conflict"),
            (9007, "Write conflict"),
        ],
    ),
    (
        ErrorKind::LockTimeout,
        &[(1205, "Lock wait timeout exceeded")],
    ),
    // 1180, and 1030, which tells of a storage engine that failed (disk full).
    (ErrorKind::Undecided, &[(1180, "Got error")]),
    (
        ErrorKind::Unfit,
        &[
            (1047, "WSREP has not yet prepared node"),
            (1290, "The MariaDB server is running with the"),
            (1290, "The MySQL server is running with the"),
            (1836, "Running in read-only mode"),
            // MySQL with innodb_read_only.
            (1015, "Can't lock file (errno: 165"),
            (1874, "InnoDB is in read only mode"),
            (1881, "Operation not allowed when innodb_force"),
            (3032, "The server is currently in offline mode"),
        ],
    ),
    (
        ErrorKind::Refused,
        &[
            // Of the statement, not of the connection. MariaDB gives its time limit
            // (1969) and MySQL its own (3024) as the reason behind the same words.
            (1317, "Query execution was interrupted"),
            (1461, "Can't create more than max_prepared_stmt_count"),
            (1114, "The table '"),
            (1021, "Disk full"),
            (1021, "Disk got full"),
            // And 1041.
            (1037, "Out of memory"),
            (1040, "Too many connections"),
        ],
    ),
];

/// The message of the server or the driver, without the account and the host that some messages
/// name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ServerError(String);

impl From<Error> for ServerError {
    fn from(error: Error) -> Self {
        Self(without_account(&error.to_string()))
    }
}

/// Replaces every `'user'@'host'` in the text.
fn without_account(text: &str) -> String {
    let mut parts = text.split("'@'");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let account = clean.rfind('\'').map_or(clean.len(), |quote| quote + 1);
        clean.truncate(account);
        clean.push('…');
        clean.push_str(
            part.find('\'')
                .and_then(|quote| part.get(quote..))
                .unwrap_or("'"),
        );
    }
    clean
}

/// The server gave an id above the limit.
#[derive(Debug, thiserror::Error)]
#[error("there is no id left for another row")]
pub(super) struct NoIdLeft;

#[cfg(test)]
mod tests;
