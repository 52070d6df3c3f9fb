//! Errors as clients see them: problem details (RFC 9457).

mod challenge;
mod code;
mod from_app_error;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use byline_application::Cause;
use serde::Serialize;

pub(crate) use challenge::unauthenticated;
pub(crate) use code::Code;

/// Why a request is not answered as its sender wished. Boxed: it travels
/// through many results and is rare.
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

/// One thing that is wrong with one part of a request.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    #[serde(flatten)]
    pub(crate) place: Location,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

/// Which part of a request.
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
    /// A problem with a sentence for a person about this one occurrence.
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

    /// What is wrong, part by part; the detail is made from it.
    pub(crate) fn of_faults(code: Code, faults: Vec<FieldError>) -> Self {
        let detail = match faults.as_slice() {
            [only] => only.detail.clone(),
            several => format!(
                "The request breaks {} rules; each is listed under `errors`.",
                several.len()
            ),
        };
        Self::new(code, detail).with_faults(faults)
    }

    pub(crate) fn with_faults(mut self, faults: Vec<FieldError>) -> Self {
        self.0.errors = faults;
        self
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The same problem, as that of one operation of a batch. Unless it names
    /// parts of the data itself, `member` is what it is about.
    pub(crate) fn in_operation(mut self, index: usize, member: &str) -> Self {
        let operation = format!("/operations/{index}");
        self.0.detail = format!("Operation {index}: {}", self.0.detail).into();
        if self.0.errors.is_empty() {
            self.0.errors.push(FieldError {
                place: Location::Pointer(operation + member),
                code: self.0.code.name(),
                detail: self.0.detail.clone().into_owned(),
            });
            return self;
        }
        for fault in &mut self.0.errors {
            if let Location::Pointer(pointer) = &mut fault.place {
                *pointer = format!("{operation}/data{pointer}");
            }
        }
        self
    }

    /// What lies beneath, for the log only.
    fn with_cause(mut self, cause: Cause) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// The problem for an error answer that came from elsewhere and says
    /// nothing that a client could use.
    pub(crate) fn for_status(status: StatusCode) -> Self {
        let code = Code::of_status(status);
        let mut problem = Self::from(code);
        problem.0.status = status;
        problem
    }

    /// What is wrong, part by part; the problem itself if it is none of parts.
    pub(crate) fn into_faults(mut self) -> Result<Vec<FieldError>, Self> {
        match std::mem::take(&mut self.0.errors) {
            none if none.is_empty() => Err(self),
            faults => Ok(faults),
        }
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    /// A handler panicked.
    pub(crate) fn panicked(payload: &(dyn std::any::Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&'static str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        let cause: Box<dyn Error + Send + Sync> = format!("panic: {message}").into();
        Self::from(Code::Internal).with_cause(Cause::from(cause))
    }

    /// Returns the answer to the request with this id, whose links begin with `base`.
    /// Logs what the client is not told.
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

/// An error and all that lies beneath it, outermost first.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
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
