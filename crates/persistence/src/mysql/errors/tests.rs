//! The texts of servers; that servers use them is shown in `tests/mariadb`.

use super::*;

fn said(kind: DatabaseErrorKind, text: &str) -> ErrorKind {
    meaning(&Error::DatabaseError(kind, Box::new(text.to_owned())))
}

#[test]
fn each_class_is_told_by_its_text() {
    use DatabaseErrorKind::Unknown;
    for (text, expected) in [
        (
            "Deadlock found when trying to get lock; try restarting transaction",
            ErrorKind::Conflict,
        ),
        (
            "Lock wait timeout exceeded; try restarting transaction",
            ErrorKind::LockTimeout,
        ),
        (
            "Record has changed since last read in table 'users'",
            ErrorKind::Conflict,
        ),
        (
            "WSREP has not yet prepared node for application use",
            ErrorKind::Unfit,
        ),
        (
            "Query execution was interrupted (max_statement_time exceeded)",
            ErrorKind::Refused,
        ),
        (
            "Query execution was interrupted, maximum statement execution time exceeded",
            ErrorKind::Refused,
        ),
        (
            "The MySQL server is running with the --super-read-only option so it cannot execute this statement",
            ErrorKind::Unfit,
        ),
        ("The table 'users' is full", ErrorKind::Refused),
        (
            "Got error 6 \"No such device or address\" during COMMIT",
            ErrorKind::Undecided,
        ),
        ("Connection was killed", ErrorKind::Lost),
        (
            "Driver error: `Connection to the server is closed.'",
            ErrorKind::Lost,
        ),
        (
            "Input/output error: Input/output error: Connection reset by peer (os error 104)",
            ErrorKind::Lost,
        ),
        (
            "CONSTRAINT `users_times` failed for `byline`.`users`",
            ErrorKind::Bug,
        ),
        ("Data too long for column 'name' at row 1", ErrorKind::Bug),
    ] {
        assert_eq!(said(Unknown, text), expected, "{text}");
    }
}

#[test]
fn a_key_is_told_from_the_text_that_a_client_sent() {
    use DatabaseErrorKind::UniqueViolation;
    for (text, expected) in [
        (
            "Duplicate entry 'a@b.c' for key 'users_email_key'",
            ErrorKind::Duplicate(UniqueKey::UserEmail),
        ),
        (
            "Duplicate entry 'a@b.c' for key 'users.users_email_key'",
            ErrorKind::Duplicate(UniqueKey::UserEmail),
        ),
        (
            "Duplicate entry '\\xB0\\x01' for key 'idempotency_keys_key_hash'",
            ErrorKind::Duplicate(UniqueKey::IdempotencyKey),
        ),
        (
            "Duplicate entry '\\xB0\\x01' for key 'idempotency_keys.idempotency_keys_key_hash'",
            ErrorKind::Duplicate(UniqueKey::IdempotencyKey),
        ),
        ("Duplicate entry '7' for key 'PRIMARY'", ErrorKind::Conflict),
        (
            "Duplicate entry 'users_email_key'' for key 'users_origin'",
            ErrorKind::Bug,
        ),
    ] {
        assert_eq!(said(UniqueViolation, text), expected, "{text}");
    }
}

#[test]
fn a_foreign_key_is_known_by_its_table_and_column() {
    use byline_application::{identities, keys};
    use byline_domain::PostFields;

    use crate::test_entities::{Book, Note};

    let missing = |(table, column): (&str, &str)| {
        format!(
            "Cannot add or update a child row: a foreign key constraint fails (`byline`.`{table}`, \
             CONSTRAINT `x` FOREIGN KEY (`{column}`) REFERENCES `parent` (`id`))"
        )
    };
    let remaining = |(table, column): (&str, &str)| {
        format!(
            "Cannot delete or update a parent row: a foreign key constraint fails \
             (`byline`.`{table}`, CONSTRAINT `x` FOREIGN KEY (`{column}`) REFERENCES \
             `parent` (`id`))"
        )
    };
    for (key, relation) in [
        (("posts", "user_id"), PostFields::AUTHOR),
        (("api_keys", "user_id"), keys::USER),
        (("identities", "user_id"), identities::USER),
        (("books", "shelf_id"), Book::SHELF),
        (("notes", "shelf_id"), Note::SHELF),
        (("notes", "book_id"), Note::BOOK),
    ] {
        let kind = DatabaseErrorKind::ForeignKeyViolation;
        assert_eq!(
            said(kind, &missing(key)),
            ErrorKind::ParentMissing(relation)
        );
        let kind = DatabaseErrorKind::ForeignKeyViolation;
        assert_eq!(
            said(kind, &remaining(key)),
            ErrorKind::StillReferenced(relation)
        );
    }
    for text in [
        missing(("imports", "authors")),
        "Cannot add or update a child row: a foreign key constraint fails".to_owned(),
    ] {
        let kind = DatabaseErrorKind::ForeignKeyViolation;
        assert_eq!(said(kind, &text), ErrorKind::UnnamedForeignKey, "{text}");
    }
}

#[test]
fn a_failed_commit_is_undone_only_where_the_server_says_so() {
    let failed = |text: &str| {
        let error = Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text.to_owned()));
        classify_commit(error)
    };
    assert!(matches!(
        failed("Deadlock found when trying to get lock"),
        RepositoryError::Contention(_)
    ));
    for text in [
        "Disk full",
        "Got error 6",
        "Server shutdown in progress",
        "?",
    ] {
        assert!(matches!(failed(text), RepositoryError::OutcomeUnknown(_)));
    }
}

#[test]
fn accounts_are_left_out_of_texts() {
    for (text, clean) in [
        (
            "INSERT command denied to user 'byline'@'10.0.0.7' for table `a`.`b`",
            "INSERT command denied to user '…' for table `a`.`b`",
        ),
        (
            "Access denied for user 'u'@'h'",
            "Access denied for user '…'",
        ),
        ("no account", "no account"),
    ] {
        assert_eq!(without_account(text), clean);
    }
}
