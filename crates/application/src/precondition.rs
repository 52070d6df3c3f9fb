use byline_domain::Version;

use crate::{AppError, EntityRef};

/// The versions in which a row may be changed (`If-Match`, RFC 9110 section 13.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Any version.
    #[default]
    None,
    /// One of these.
    OneOf(Vec<Version>),
}

impl Precondition {
    /// Checks that the row may be changed in this version.
    pub(crate) fn check(&self, subject: EntityRef, version: Version) -> Result<(), AppError> {
        match self {
            Self::OneOf(versions) if !versions.contains(&version) => {
                Err(AppError::PreconditionFailed(subject))
            }
            Self::None | Self::OneOf(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Precondition;
    use crate::AppError;
    use crate::fixtures::{user_id, version};

    /// Returns whether user 1 may be changed in version 2.
    fn met(precondition: &Precondition) -> bool {
        match precondition.check(user_id(1).into(), version(2)) {
            Ok(()) => true,
            Err(AppError::PreconditionFailed(row)) if row == user_id(1).into() => false,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_precondition_accepts_any_version() {
        assert!(met(&Precondition::default()));
        assert!(met(&Precondition::None));
    }

    #[test]
    fn the_version_must_be_one_of_those_named() {
        assert!(met(&Precondition::OneOf(vec![version(2)])));
        assert!(met(&Precondition::OneOf(vec![version(1), version(2)])));
        assert!(!met(&Precondition::OneOf(vec![version(1), version(3)])));
    }

    #[test]
    fn an_empty_list_accepts_no_version() {
        assert!(!met(&Precondition::OneOf(Vec::new())));
    }
}
