//! The statuses of the application's errors. Nothing else maps them to HTTP.

use std::sync::Arc;

use byline_application::{AppError, Cause, Conflict, EntityRef, Unavailable};
use byline_domain::Relation;
use byline_domain::policy::Denial;

use super::challenge::{challenge, unauthenticated};
use super::code::{has_children, missing_parent};
use super::{Code, FieldError, Location, Problem};

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound(subject) => not_found(subject),
            AppError::Conflict(conflict) => conflicting(conflict),
            AppError::Unauthenticated(refusal) => {
                let detail = format!("The credential {refusal}.");
                let (name, value) = challenge("invalid_token", &detail, None);
                Self::new(Code::InvalidCredential, detail).with_header(name, value)
            }
            AppError::Forbidden(Denial::NoCredential) => unauthenticated(),
            AppError::Forbidden(denial) => forbidden(denial),
            AppError::PreconditionFailed(subject) => Self::new(
                Code::PreconditionFailed,
                format!("The {subject} is not in a version that the request's preconditions name."),
            ),
            AppError::InOperation { index, error } => {
                let member = error_pointer(&error);
                Self::from(*error).in_operation(index, member)
            }
            AppError::Contention(cause) => Self::from(Code::Contention).with_cause(cause),
            AppError::Unavailable(reason) => unavailable(reason),
            AppError::OutcomeUnknown(cause) => Self::from(Code::OutcomeUnknown).with_cause(cause),
            AppError::Internal(cause) => Self::from(Code::Internal).with_cause(cause),
        }
    }
}

fn forbidden(denial: Denial) -> Problem {
    let detail = format!("You may not do this: {denial}.");
    let problem = Problem::new(Code::Forbidden, detail.clone());
    match denial {
        Denial::MissingScope(scope) => {
            let (name, value) = challenge("insufficient_scope", &detail, Some(scope));
            problem.with_header(name, value)
        }
        Denial::NoCredential | Denial::NotYours => problem,
    }
}

/// A problem without details of this one occurrence.
impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code, code.meaning())
    }
}

/// Returns the pointer to the member of an operation that an error is about, if it is not part of
/// `data`.
fn error_pointer(error: &AppError) -> &'static str {
    match error {
        AppError::NotFound(_)
        | AppError::Conflict(Conflict::StillReferenced(..) | Conflict::LastVersion(_)) => "/id",
        AppError::PreconditionFailed(_) => "/if_match",
        _ => "",
    }
}

fn not_found(subject: EntityRef) -> Problem {
    Problem::new(Code::NotFound, format!("There is no {subject}."))
}

fn conflicting(conflict: Conflict) -> Problem {
    match conflict {
        Conflict::EmailTaken => {
            let detail = "Another user has this e-mail address.".to_owned();
            with_pointer(Code::EmailTaken, "/email".to_owned(), detail)
        }
        Conflict::ParentMissing(relation, id) => {
            let Relation { parent, field, .. } = relation;
            let detail = format!("There is no {parent} {id}, which `{field}` names.");
            match missing_parent(relation) {
                Some(code) => with_pointer(code, format!("/{field}"), detail),
                None => unknown_relation(conflict),
            }
        }
        Conflict::StillReferenced(relation, row) => {
            let Relation {
                parent, children, ..
            } = relation;
            let detail = if row.entity == parent {
                format!("The {row} still has {children}.")
            } else {
                format!("A {parent} of the {row} still has {children}.")
            };
            match has_children(relation) {
                Some(code) => Problem::new(code, detail),
                None => unknown_relation(conflict),
            }
        }
        Conflict::NoIdLeft => {
            // Logged, because only the operator can do something about it.
            let problem = Problem::new(Code::LimitReached, "There is no id left for another row.");
            problem.with_cause(cause(conflict))
        }
        Conflict::LastVersion(subject) => {
            let detail = format!("The {subject} is in the last version that there can be.");
            Problem::new(Code::LimitReached, detail)
        }
        Conflict::KeyInUse => Code::KeyInUse.into(),
        Conflict::KeyReused => Code::KeyReused.into(),
        // No request links identities.
        Conflict::IdentityLinked => Code::Internal.into(),
    }
}

/// Returns a problem of one member of the body.
fn with_pointer(code: Code, pointer: String, detail: String) -> Problem {
    let error = FieldError {
        location: Location::Pointer(pointer),
        code: code.name(),
        detail: detail.clone(),
    };
    Problem::new(code, detail).with_errors(vec![error])
}

/// Returns the problem of a relation without a code of its own, which is a bug.
fn unknown_relation(conflict: Conflict) -> Problem {
    Problem::from(Code::Internal).with_cause(cause(conflict))
}

fn cause(conflict: Conflict) -> Cause {
    Arc::new(conflict)
}

fn unavailable(reason: Unavailable) -> Problem {
    let (code, cause) = match reason {
        Unavailable::QueueFull => (Code::QueueFull, None),
        Unavailable::DeadlinePassed => (Code::DeadlineExceeded, None),
        Unavailable::Database(cause) => (Code::DatabaseUnavailable, Some(cause)),
        Unavailable::Contention => (Code::Contention, None),
        Unavailable::ShuttingDown => (Code::ShuttingDown, None),
    };
    Problem::from(code).with_cause(cause)
}
