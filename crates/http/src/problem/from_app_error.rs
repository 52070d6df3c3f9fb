//! The one door from errors of the application to HTTP.

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
            AppError::Contention(cause) => with_cause(Self::from(Code::Contention), cause),
            AppError::Unavailable(reason) => unavailable(reason),
            AppError::OutcomeUnknown(cause) => with_cause(Self::from(Code::OutcomeUnknown), cause),
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

/// The member of an operation that such an error is about, as a pointer, if it
/// is none of `data`.
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
    let (code, pointer, detail) = match conflict {
        Conflict::EmailTaken => (
            Code::EmailTaken,
            Some("/email"),
            "Another user has this e-mail address.".to_owned(),
        ),
        Conflict::ParentMissing(relation, id) => {
            let Relation { parent, field, .. } = relation;
            let detail = format!("There is no {parent} {id}, which `{field}` names.");
            let place = Location::Pointer(format!("/{field}"));
            return missing_parent(relation).map_or_else(
                || unknown_relation(conflict),
                |code| one_fault(code, place, detail),
            );
        }
        Conflict::StillReferenced(relation, row) => {
            let Relation { parent, child, .. } = relation;
            let detail = if row.entity == parent {
                format!("The {row} still has {child}s.")
            } else {
                format!("A {parent} of the {row} still has {child}s.")
            };
            return match has_children(relation) {
                Some(code) => Problem::new(code, detail),
                None => unknown_relation(conflict),
            };
        }
        Conflict::NoIdLeft => {
            // For the operator, who alone can do something about it.
            let problem = Problem::new(Code::LimitReached, "There is no id left for another row.");
            return problem.with_cause(std::sync::Arc::new(conflict));
        }
        Conflict::LastVersion(subject) => (
            Code::LimitReached,
            None,
            format!("The {subject} is in the last version that there can be."),
        ),
        Conflict::KeyInUse => return Problem::from(Code::KeyInUse),
        Conflict::KeyReused => return Problem::from(Code::KeyReused),
        // No request links identities.
        Conflict::IdentityLinked => return Problem::from(Code::Internal),
    };
    match pointer {
        Some(pointer) => one_fault(code, Location::Pointer(pointer.to_owned()), detail),
        None => Problem::new(code, detail),
    }
}

/// Returns a problem with one part of the request.
fn one_fault(code: Code, place: Location, detail: String) -> Problem {
    let fault = FieldError {
        place,
        code: code.name(),
        detail: detail.clone(),
    };
    Problem::new(code, detail).with_faults(vec![fault])
}

/// A relation without a code of its own: a bug.
fn unknown_relation(conflict: Conflict) -> Problem {
    Problem::from(Code::Internal).with_cause(std::sync::Arc::new(conflict))
}

fn unavailable(reason: Unavailable) -> Problem {
    let code = match &reason {
        Unavailable::QueueFull => Code::QueueFull,
        Unavailable::DeadlinePassed => Code::DeadlineExceeded,
        Unavailable::Database(_) => Code::DatabaseUnavailable,
        Unavailable::Contention => Code::Contention,
        Unavailable::ShuttingDown => Code::ShuttingDown,
    };
    let cause = match reason {
        Unavailable::Database(cause) => Some(cause),
        _ => None,
    };
    with_cause(Problem::from(code), cause)
}

fn with_cause(problem: Problem, cause: Option<Cause>) -> Problem {
    match cause {
        Some(cause) => problem.with_cause(cause),
        None => problem,
    }
}
