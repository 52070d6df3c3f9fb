//! Error responses: problem details (RFC 9457).

mod challenge;
mod code;
mod from_app_error;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::iter::successors;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use byline_application::Cause;
use serde::Serialize;

pub(crate) use challenge::unauthenticated;
pub(crate) use code::Code;

/// The result of a handler.
pub(crate) type HandlerResult = Result<HttpResponse, Problem>;

/// An error response. Boxed, because many results contain it and few of them are errors.
#[derive(Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: Code,
    status: StatusCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Cause>,
}

/// A broken rule of one part of a request.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    #[serde(flatten)]
    pub(crate) location: Location,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

/// A part of a request.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Location {
    /// A member of the body, as a JSON pointer (RFC 6901).
    Pointer(String),
    /// A parameter of the query, by name.
    Parameter(String),
}

/// The media type of RFC 9457.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

impl Problem {
    /// Returns a problem with a sentence about this one occurrence.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            code,
            status: code.status(),
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// Returns a problem with errors, from which its detail is made.
    pub(crate) fn from_errors(code: Code, errors: Vec<FieldError>) -> Self {
        let count = errors.len();
        let detail = match errors.as_slice() {
            [only] => only.detail.clone(),
            _ => format!("The request breaks {count} rules; each is listed under `errors`."),
        };
        Self::new(code, detail).with_errors(errors)
    }

    pub(crate) fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Returns the problem as that of one operation of a batch. Its location is `member`, unless
    /// it has errors with pointers into the data.
    pub(crate) fn in_operation(mut self, index: usize, member: &str) -> Self {
        let operation = format!("/operations/{index}");
        self.0.detail = format!("Operation {index}: {}", self.0.detail).into();
        if self.0.errors.is_empty() {
            self.0.errors.push(FieldError {
                location: Location::Pointer(operation + member),
                code: self.0.code.name(),
                detail: self.0.detail.clone().into_owned(),
            });
            return self;
        }
        for error in &mut self.0.errors {
            if let Location::Pointer(pointer) = &mut error.location {
                *pointer = format!("{operation}/data{pointer}");
            }
        }
        self
    }

    /// Sets the cause, which is only logged.
    fn with_cause(mut self, cause: impl Into<Option<Cause>>) -> Self {
        self.0.cause = cause.into();
        self
    }

    /// Returns the problem for an error response that is not a problem document.
    pub(crate) fn for_status(status: StatusCode) -> Self {
        let code = Code::of_status(status);
        let mut problem = Self::from(code);
        problem.0.status = status;
        problem
    }

    /// Returns the errors, or the problem itself if it has none.
    pub(crate) fn into_errors(mut self) -> Result<Vec<FieldError>, Self> {
        match std::mem::take(&mut self.0.errors) {
            none if none.is_empty() => Err(self),
            errors => Ok(errors),
        }
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    /// Returns the problem of a handler that panicked.
    pub(crate) fn panicked(payload: &(dyn std::any::Any + Send)) -> Self {
        let literal = payload.downcast_ref::<&'static str>().copied();
        let message = literal.or_else(|| payload.downcast_ref().map(String::as_str));
        let message = message.unwrap_or("no message");
        let cause: Box<dyn Error + Send + Sync> = format!("panic: {message}").into();
        Self::from(Code::Internal).with_cause(Cause::from(cause))
    }

    /// Returns the response to the request with this id, whose links begin with `base`. Logs the
    /// cause.
    pub(crate) fn answer(self, id: &str, base: &impl fmt::Display) -> HttpResponse {
        self.log(id);
        let Parts {
            code,
            status,
            detail,
            errors,
            headers,
            ..
        } = *self.0;
        let body = ProblemBody {
            r#type: format!("{base}{}", code.page()),
            title: code.title(),
            status: status.as_u16(),
            detail: &detail,
            instance: id,
            code: code.name(),
            errors: &errors,
        };
        let mut answer = HttpResponse::build(status);
        answer.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON)));
        if let Some(seconds) = code.retry_after() {
            answer.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if code.leaves_body_unread() {
            answer.force_close();
        }
        for header in headers {
            answer.insert_header(header);
        }
        answer.body(serde_json::to_vec(&body).unwrap_or_default())
    }

    fn log(&self, request_id: &str) {
        let Some(cause) = &self.0.cause else { return };
        let code = self.0.code.name();
        let causes = chain(cause.as_ref());
        if self.0.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(request_id, code, causes, "a request failed");
        } else {
            tracing::warn!(request_id, code, causes, "a request could not be served");
        }
    }
}

/// Returns the messages of an error and its causes, outermost first.
fn chain(error: &(dyn Error + 'static)) -> String {
    let errors = successors(Some(error), |error| (*error).source());
    errors
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// The members of a problem document. `openapi::refusals` has their schema.
#[derive(Serialize)]
pub(crate) struct ProblemBody<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}
