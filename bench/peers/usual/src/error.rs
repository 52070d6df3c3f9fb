//! Errors as answers.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError, error::BlockingError};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("not found")]
    NotFound,
    #[error("changed by somebody else")]
    PreconditionFailed,
    #[error("the e-mail address is taken")]
    EmailTaken,
    #[error("internal server error")]
    Database(DieselError),
    #[error("internal server error")]
    Pool(#[from] diesel::r2d2::PoolError),
    #[error("internal server error")]
    Blocking(#[from] BlockingError),
}

impl From<DieselError> for ApiError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::NotFound,
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::EmailTaken,
            error => Self::Database(error),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::EmailTaken => StatusCode::CONFLICT,
            Self::Database(_) | Self::Pool(_) | Self::Blocking(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        #[derive(serde::Serialize)]
        struct Body {
            error: String,
        }
        let error = self.to_string();
        HttpResponse::build(self.status_code()).json(Body { error })
    }
}
