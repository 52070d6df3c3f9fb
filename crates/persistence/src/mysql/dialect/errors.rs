//! What the server's errors and the driver's mean.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::NoIdLeft;
use byline_application::{Cause, Reference, RepositoryError, UniqueKey};
use diesel::result::{DatabaseErrorKind, Error};

/// What an error of a statement means. One that breaks the connection leaves
/// open whether the statement took effect.
pub(in super::super) fn classify(error: Error) -> RepositoryError {
    let meaning = meaning(&error);
    let cause = || -> Cause { Arc::new(ServerError::from(error)) };
    match meaning {
        Meaning::EmailTaken => RepositoryError::Duplicate(UniqueKey::UserEmail),
        Meaning::AuthorMissing => RepositoryError::MissingReference(Reference::PostAuthor),
        Meaning::IdentityTaken => RepositoryError::Duplicate(UniqueKey::Identity),
        Meaning::KeyTaken => RepositoryError::Duplicate(UniqueKey::IdempotencyKey),
        Meaning::NoIdLeft => RepositoryError::NoIdLeft,
        Meaning::Conflict => RepositoryError::Contention(cause()),
        Meaning::LockTimeout => RepositoryError::LockTimeout(cause()),
        Meaning::Refused | Meaning::Unfit => RepositoryError::Unavailable(cause()),
        Meaning::Lost | Meaning::Undecided => RepositoryError::OutcomeUnknown(cause()),
        Meaning::Bug => RepositoryError::Fault(cause()),
    }
}

/// What a failed COMMIT means: whatever is not surely undone is unknown.
pub(in super::super) fn classify_commit(error: Error) -> RepositoryError {
    match classify(error) {
        contention @ RepositoryError::Contention(_) => contention,
        RepositoryError::Unavailable(cause) | RepositoryError::Fault(cause) => {
            RepositoryError::OutcomeUnknown(cause)
        }
        other => other,
    }
}

/// An error of a COMMIT among the statements of a session: as
/// [`classify_commit`], for [`classify`] to find.
pub(super) fn at_commit(error: Error) -> Error {
    match meaning(&error) {
        Meaning::Conflict | Meaning::Lost => error,
        _ => Error::DeserializationError(Box::new(AtCommit(error.into()))),
    }
}

/// A COMMIT failed, and does not say whether it took place.
#[derive(Debug, thiserror::Error)]
#[error("the commit failed")]
struct AtCommit(#[source] ServerError);

/// Whether the connection is of no more use.
pub(in super::super) fn is_lost(error: &Error) -> bool {
    matches!(meaning(error), Meaning::Lost)
}

/// Whether this server can do nothing at present, and has done nothing, while
/// another server of the same database may.
pub(in super::super) fn is_unfit(error: &Error) -> bool {
    matches!(meaning(error), Meaning::Unfit)
}

/// Whether a row with this key is there already.
pub(in super::super) fn is_duplicate(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)
    )
}

/// Whether there is no such table.
pub(in super::super) fn is_missing_table(error: &Error) -> bool {
    // 1146
    matches!(error, Error::DatabaseError(_, information)
        if information.message().starts_with("Table '") && information.message().ends_with("doesn't exist"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    EmailTaken,
    AuthorMissing,
    KeyTaken,
    IdentityTaken,
    /// Every id that there can be was given.
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
    /// The connection works, but a commit may have taken place or not.
    Undecided,
    Bug,
}

/// diesel-async keeps the server's text and a few kinds, not its numbers. The
/// texts are those of `lc_messages = en_US`, which every connection sets.
fn meaning(error: &Error) -> Meaning {
    let (kind, information) = match error {
        Error::DatabaseError(kind, information) => (kind, information),
        Error::DeserializationError(cause) if cause.is::<NoIdLeft>() => return Meaning::NoIdLeft,
        Error::DeserializationError(cause) if cause.is::<AtCommit>() => return Meaning::Undecided,
        _ => return Meaning::Bug,
    };
    let message = information.message();
    match kind {
        // MariaDB names the key, MySQL 8 the table and the key.
        DatabaseErrorKind::UniqueViolation if message.ends_with("users_email_key'") => {
            Meaning::EmailTaken
        }
        DatabaseErrorKind::UniqueViolation if message.ends_with("idempotency_keys_key_hash'") => {
            Meaning::KeyTaken
        }
        DatabaseErrorKind::UniqueViolation
            if message.ends_with("identities_identity_hash'")
                || message.ends_with("identities_user_id'") =>
        {
            Meaning::IdentityTaken
        }
        // After a crash, MariaDB 10.11 was seen to give an id that a recovered
        // row has. Each attempt takes the next one.
        DatabaseErrorKind::UniqueViolation if message.ends_with("PRIMARY'") => Meaning::Conflict,
        DatabaseErrorKind::ForeignKeyViolation => Meaning::AuthorMissing,
        DatabaseErrorKind::ReadOnlyTransaction => Meaning::Refused,
        // 1036, of MariaDB with innodb_read_only.
        DatabaseErrorKind::Unknown
            if message.starts_with("Table '") && message.ends_with("is read only") =>
        {
            Meaning::Unfit
        }
        DatabaseErrorKind::Unknown => TEXTS
            .iter()
            .find(|(_, start, _)| message.starts_with(start))
            .map_or(Meaning::Bug, |(_, _, meaning)| *meaning),
        _ => Meaning::Bug,
    }
}

/// How the driver's own errors begin; the server's never do.
pub(in super::super) const DRIVER_ERROR: &str = "Driver error: ";

/// The error's number, how its text begins, and what it means. 0 is the
/// driver's.
const TEXTS: [(u16, &str, Meaning); 26] = [
    (0, DRIVER_ERROR, Meaning::Lost),
    (0, "Input/output error: ", Meaning::Lost),
    (1213, "Deadlock found", Meaning::Conflict),
    (1205, "Lock wait timeout exceeded", Meaning::LockTimeout),
    (
        1020,
        "Record has changed since last read",
        Meaning::Conflict,
    ),
    (1047, "WSREP has not yet prepared node", Meaning::Unfit),
    (1053, "Server shutdown in progress", Meaning::Lost),
    (1927, "Connection was killed", Meaning::Lost),
    (
        4031,
        "The client was disconnected by the server",
        Meaning::Lost,
    ),
    // Of the statement, not of the connection. MariaDB gives its time limit
    // (1969) and MySQL its own (3024) as the reason behind the same words.
    (1317, "Query execution was interrupted", Meaning::Refused),
    // And 1030, which tells of a storage engine that failed (disk full).
    (1180, "Got error", Meaning::Undecided),
    (
        1290,
        "The MariaDB server is running with the",
        Meaning::Unfit,
    ),
    (1290, "The MySQL server is running with the", Meaning::Unfit),
    (1836, "Running in read-only mode", Meaning::Unfit),
    // MySQL with innodb_read_only.
    (1015, "Can't lock file (errno: 165", Meaning::Unfit),
    (1874, "InnoDB is in read only mode", Meaning::Unfit),
    (
        1881,
        "Operation not allowed when innodb_force",
        Meaning::Unfit,
    ),
    (
        3032,
        "The server is currently in offline mode",
        Meaning::Unfit,
    ),
    (
        1461,
        "Can't create more than max_prepared_stmt_count",
        Meaning::Refused,
    ),
    (1114, "The table '", Meaning::Refused),
    (1021, "Disk full", Meaning::Refused),
    (1021, "Disk got full", Meaning::Refused),
    // And 1041.
    (1037, "Out of memory", Meaning::Refused),
    (1040, "Too many connections", Meaning::Refused),
    // TiDB's, from its documentation.
    (8005, "Write Conflict", Meaning::Conflict),
    (9007, "Write conflict", Meaning::Conflict),
];

/// What the server or the driver said, without the account and the host that
/// some messages name.
#[derive(Debug)]
pub(in super::super) struct ServerError(String);

impl From<Error> for ServerError {
    fn from(error: Error) -> Self {
        Self(without_account(&error.to_string()))
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for ServerError {}

/// The text with every `'user'@'host'` made unreadable.
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

#[cfg(test)]
mod tests;
