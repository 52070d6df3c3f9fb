//! The one door from errors of the application to HTTP.

use byline_application::{AppError, Cause, Conflict, Subject, Unavailable};

use super::{Code, Fault, Place, Problem};

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        match error {
            AppError::NotFound(subject) => not_found(subject),
            AppError::Conflict(conflict) => conflicting(conflict),
            AppError::Forbidden(denial) => {
                Self::new(Code::Forbidden, format!("You may not do this: {denial}."))
            }
            AppError::PreconditionFailed(subject) => Self::new(
                Code::PreconditionFailed,
                format!("The {subject} is not in a version that the request's preconditions name."),
            ),
            AppError::Contention(cause) => with_cause(Self::from_code(Code::Contention), cause),
            AppError::Unavailable(reason) => unavailable(reason),
            AppError::OutcomeUnknown(cause) => {
                with_cause(Self::from_code(Code::OutcomeUnknown), cause)
            }
            AppError::Internal(cause) => Self::from_code(Code::Internal).with_cause(cause),
        }
    }
}

impl Problem {
    /// A problem of which there is nothing to say but what its code means.
    fn from_code(code: Code) -> Self {
        Self::new(code, code.meaning())
    }
}

fn not_found(subject: Subject) -> Problem {
    Problem::new(Code::NotFound, format!("There is no {subject}."))
}

fn conflicting(conflict: Conflict) -> Problem {
    let (code, pointer) = match conflict {
        Conflict::EmailTaken => (Code::EmailTaken, Some("/email")),
        Conflict::AuthorMissing(_) => (Code::AuthorMissing, Some("/user_id")),
        Conflict::UserHasPosts(_) => (Code::UserHasPosts, None),
    };
    let detail = match conflict {
        Conflict::EmailTaken => "Another user has this e-mail address.".to_owned(),
        Conflict::AuthorMissing(id) => format!("There is no user {id} who could be the author."),
        Conflict::UserHasPosts(id) => format!("The user {id} still has posts."),
    };
    let fault = pointer.map(|pointer| Fault {
        place: Place::Pointer(pointer.to_owned()),
        code: code.name(),
        detail: detail.clone(),
    });
    Problem::new(code, detail).with_faults(fault.into_iter().collect())
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
    with_cause(Problem::from_code(code), cause)
}

fn with_cause(problem: Problem, cause: Option<Cause>) -> Problem {
    match cause {
        Some(cause) => problem.with_cause(cause),
        None => problem,
    }
}
