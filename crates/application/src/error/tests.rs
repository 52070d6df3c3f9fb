use std::error::Error;
use std::iter::successors;

use byline_domain::PostFields;
use byline_domain::policy::{Denial, Scope};

use super::{AppError, Conflict, EntityRef, Unavailable};
use crate::fixtures::{cause, is_generic, post_id, repository_errors, user_id};

/// Returns the messages of the error and of all its causes.
fn chain(error: &AppError) -> Vec<String> {
    let first: &dyn Error = error;
    successors(Some(first), |&error| error.source())
        .map(ToString::to_string)
        .collect()
}

/// Returns each kind of error that has a cause.
fn with_cause() -> [AppError; 6] {
    [
        AppError::Forbidden(Denial::NotYours),
        AppError::Contention(Some(cause())),
        AppError::OutcomeUnknown(Some(cause())),
        Unavailable::Database(cause()).into(),
        AppError::InOperation {
            index: 3,
            error: Box::new(Conflict::EmailTaken.into()),
        },
        AppError::Internal(cause()),
    ]
}

#[test]
fn an_unexpected_repository_error_keeps_its_meaning_or_is_a_bug() {
    for error in repository_errors() {
        let app_error = AppError::from(error.clone());
        assert!(
            is_generic(&error, &app_error),
            "{error:?} became {app_error:?}"
        );
    }
}

#[test]
fn the_cause_of_a_repository_error_reaches_the_log() {
    for error in repository_errors() {
        let cause = error.source().map(ToString::to_string);
        let app_error = AppError::from(error);
        assert_eq!(
            chain(&app_error).contains(&"database text".to_owned()),
            cause.is_some(),
            "{app_error:?}"
        );
    }
}

#[test]
fn a_message_never_repeats_its_cause() {
    for error in with_cause() {
        let chain = chain(&error);
        assert_eq!(chain.len(), 2, "{chain:?}");
        assert!(!chain[0].contains(&chain[1]), "{chain:?}");
    }
}

#[test]
fn the_message_of_an_internal_error_hides_its_cause() {
    let error = AppError::internal("the index was off by one");
    assert_eq!(
        chain(&error),
        ["internal error", "the index was off by one"]
    );
}

#[test]
fn a_message_names_its_row() {
    let (ada, post) = (EntityRef::from(user_id(1)), EntityRef::from(post_id(7)));
    let missing_scope = AppError::from(Denial::MissingScope(Scope::PostsWrite));
    for (error, sentence) in [
        (AppError::NotFound(ada), "there is no user 1"),
        (AppError::NotFound(post), "there is no post 7"),
        (
            AppError::PreconditionFailed(post),
            "post 7 is in another version than the request names",
        ),
        (
            Conflict::EmailTaken.into(),
            "another user has this e-mail address",
        ),
        (
            Conflict::ParentMissing(PostFields::AUTHOR, 1).into(),
            "there is no user 1, which `user_id` names",
        ),
        (
            Conflict::StillReferenced(PostFields::AUTHOR, ada).into(),
            "user 1 still has posts",
        ),
        (missing_scope, "not allowed"),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
}
