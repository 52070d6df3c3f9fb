use byline_domain::Version;

use crate::{AppError, Subject};

/// In which versions a row may be for a change to happen (`If-Match`,
/// RFC 9110 section 13.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// In any.
    #[default]
    None,
    /// In one of these.
    OneOf(Vec<Version>),
}

impl Precondition {
    /// # Errors
    ///
    /// [`AppError::PreconditionFailed`] when `version` is none of those named.
    pub(crate) fn check(&self, subject: Subject, version: Version) -> Result<(), AppError> {
        match self {
            Self::OneOf(versions) if !versions.contains(&version) => {
                Err(AppError::PreconditionFailed(subject))
            }
            Self::None | Self::OneOf(_) => Ok(()),
        }
    }
}
