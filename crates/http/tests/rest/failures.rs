use std::io::Error;
use std::sync::Arc;

use byline_application::{AppError, Cause, Conflict, CredentialError, MockStore, Unavailable};
use byline_domain::policy::{Denial, Scope};
use byline_domain::{PostFields, Relation};

use crate::support::{api_with, failing, get, post_id, send_json, settings, user_id};

/// A relation that does not exist.
const EDITOR: Relation = Relation {
    child: "post",
    children: "posts",
    field: "editor_id",
    parent: "user",
};

const SECRET: &str = "syntax error near SELECT password";

fn cause() -> Cause {
    Arc::new(Error::other(SECRET))
}

/// Returns the status and the code of every variant. Does not compile until a new one is
/// listed.
fn expected(error: &AppError) -> (u16, &'static str) {
    match error {
        AppError::NotFound(_) => (404, "not-found"),
        AppError::Conflict(Conflict::EmailTaken) => (409, "email-taken"),
        AppError::Conflict(Conflict::ParentMissing(PostFields::AUTHOR, _)) => {
            (409, "author-missing")
        }
        AppError::Conflict(Conflict::StillReferenced(PostFields::AUTHOR, _)) => {
            (409, "user-has-posts")
        }
        // Every relation has a code of its own.
        AppError::Conflict(Conflict::ParentMissing(..) | Conflict::StillReferenced(..)) => {
            (500, "internal-error")
        }
        AppError::Conflict(Conflict::NoIdLeft | Conflict::LastVersion(_)) => (409, "limit-reached"),
        // No request links identities.
        AppError::Conflict(Conflict::IdentityLinked) => (500, "internal-error"),
        AppError::Unauthenticated(_) => (401, "invalid-credential"),
        AppError::Forbidden(Denial::NoCredential) => (401, "unauthenticated"),
        AppError::Forbidden(_) => (403, "forbidden"),
        AppError::PreconditionFailed(_) => (412, "precondition-failed"),
        AppError::Conflict(Conflict::KeyInUse) => (409, "key-in-use"),
        AppError::Conflict(Conflict::KeyReused) => (422, "key-reused"),
        AppError::InOperation { error, .. } => expected(error),
        AppError::Contention(_) | AppError::Unavailable(Unavailable::Contention) => {
            (503, "contention")
        }
        AppError::Unavailable(Unavailable::QueueFull) => (503, "queue-full"),
        AppError::Unavailable(Unavailable::DeadlinePassed) => (503, "deadline-exceeded"),
        AppError::Unavailable(Unavailable::Database(_)) => (503, "database-unavailable"),
        AppError::Unavailable(Unavailable::ShuttingDown) => (503, "shutting-down"),
        AppError::OutcomeUnknown(_) => (503, "outcome-unknown"),
        AppError::Internal(_) => (500, "internal-error"),
    }
}

fn every_error() -> Vec<AppError> {
    vec![
        AppError::NotFound(user_id(7).into()),
        AppError::NotFound(post_id(7).into()),
        Conflict::EmailTaken.into(),
        Conflict::ParentMissing(PostFields::AUTHOR, 7).into(),
        Conflict::StillReferenced(PostFields::AUTHOR, user_id(7).into()).into(),
        Conflict::ParentMissing(EDITOR, 7).into(),
        Conflict::StillReferenced(EDITOR, user_id(7).into()).into(),
        Conflict::NoIdLeft.into(),
        Conflict::LastVersion(post_id(7).into()).into(),
        Conflict::KeyInUse.into(),
        Conflict::KeyReused.into(),
        Conflict::IdentityLinked.into(),
        CredentialError::UnknownKey.into(),
        Denial::NoCredential.into(),
        AppError::InOperation {
            index: 17,
            error: Box::new(AppError::NotFound(post_id(7).into())),
        },
        Denial::MissingScope(Scope::UsersRead).into(),
        Denial::NotYours.into(),
        AppError::PreconditionFailed(user_id(7).into()),
        AppError::Contention(Some(cause())),
        AppError::Contention(None),
        Unavailable::QueueFull.into(),
        Unavailable::DeadlinePassed.into(),
        Unavailable::Database(cause()).into(),
        Unavailable::Contention.into(),
        Unavailable::ShuttingDown.into(),
        AppError::OutcomeUnknown(Some(cause())),
        AppError::OutcomeUnknown(None),
        AppError::Internal(cause()),
    ]
}

#[actix_web::test]
async fn every_error_has_a_status_and_a_code_and_discloses_no_cause() {
    let body = r#"{"name":"N","email":"n@example.org"}"#;
    for error in every_error() {
        let (status, code) = expected(&error);
        let api = failing(error.clone());
        for answer in [
            get(&api, "/users/7").await,
            get(&api, "/posts").await,
            send_json(&api, "PUT", "/users/7", body).await,
        ] {
            assert_eq!(answer.problem(), (status, code.to_owned()), "{error:?}");
            let text = String::from_utf8(answer.body).unwrap();
            assert!(!text.contains("SELECT"), "{text}");
        }
    }
}

#[actix_web::test]
async fn an_internal_error_discloses_only_the_request_id() {
    let answer = get(&failing(AppError::Internal(cause())), "/users/7").await;
    let problem = answer.json();
    let members: Vec<_> = problem.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["code", "detail", "instance", "status", "title", "type"]
    );
    assert_eq!(
        problem["detail"],
        "The service failed. The fault is not yours."
    );
}

#[actix_web::test]
async fn a_panic_is_answered() {
    for method in ["GET", "DELETE"] {
        let mut store = MockStore::new();
        store
            .expect_submit()
            .returning(|_, _, _| panic!("{SECRET}"));
        let api = api_with(Arc::new(store), settings());
        let request =
            crate::support::request(method, "/users/7").insert_header(("x-request-id", "mine"));
        let answer = crate::support::send(&api, request).await;
        assert_eq!(answer.problem(), (500, "internal-error".into()));
        assert_eq!(answer.header("x-request-id"), "mine");
        assert!(!String::from_utf8(answer.body).unwrap().contains("SELECT"));
    }
}

#[actix_web::test]
async fn a_job_that_was_dropped_is_an_internal_error() {
    let mut store = MockStore::new();
    store.expect_submit().returning(|_, _, job| drop(job));
    let answer = get(&api_with(Arc::new(store), settings()), "/users/7").await;
    assert_eq!(answer.problem(), (500, "internal-error".into()));
}
