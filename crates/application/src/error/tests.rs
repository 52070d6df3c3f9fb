use std::error::Error;
use std::iter::successors;

use byline_domain::PostId;
use byline_domain::policy::{Denial, Scope};

use super::{AppError, Conflict, EntityRef, Unavailable};
use crate::fixtures::{cause, is_generic, repository_errors, user_id};

/// The error's sentence and those of all that lies beneath it.
fn chain(error: &AppError) -> Vec<String> {
    let first: &dyn Error = error;
    successors(Some(first), |&error| error.source())
        .map(ToString::to_string)
        .collect()
}

/// Each kind of error that has something beneath it.
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
fn a_repository_error_that_nobody_expects_keeps_its_meaning_or_is_a_bug() {
    for error in repository_errors() {
        let told = AppError::from(error.clone());
        assert!(is_generic(&error, &told), "{error:?} became {told:?}");
    }
}

#[test]
fn what_lies_beneath_a_repository_error_reaches_the_log() {
    for error in repository_errors() {
        let beneath = error.source().map(ToString::to_string);
        let told = AppError::from(error);
        assert_eq!(
            chain(&told).contains(&"database text".to_owned()),
            beneath.is_some(),
            "{told:?}"
        );
    }
}

#[test]
fn a_sentence_never_repeats_what_lies_beneath() {
    for error in with_cause() {
        let chain = chain(&error);
        assert_eq!(chain.len(), 2, "{chain:?}");
        assert!(!chain[0].contains(&chain[1]), "{chain:?}");
    }
}

#[test]
fn an_internal_error_tells_its_cause_to_the_log_only() {
    let error = AppError::internal("the index was off by one");
    assert_eq!(
        chain(&error),
        ["internal error", "the index was off by one"]
    );
}

#[test]
fn a_sentence_names_what_it_is_about() {
    let (ada, post) = (user_id(1), PostId::try_from(7).unwrap());
    let missing_scope = AppError::from(Denial::MissingScope(Scope::PostsWrite));
    for (error, sentence) in [
        (
            AppError::NotFound(EntityRef::User(ada)),
            "there is no user 1",
        ),
        (
            AppError::NotFound(EntityRef::Post(post)),
            "there is no post 7",
        ),
        (
            AppError::PreconditionFailed(EntityRef::Post(post)),
            "post 7 is in another version than the request names",
        ),
        (
            Conflict::EmailTaken.into(),
            "another user has this e-mail address",
        ),
        (
            Conflict::AuthorMissing(ada).into(),
            "there is no user 1 who could be the author",
        ),
        (Conflict::UserHasPosts(ada).into(), "user 1 still has posts"),
        (missing_scope, "not allowed"),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
}
