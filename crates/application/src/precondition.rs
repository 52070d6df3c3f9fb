use byline_domain::Version;

use crate::{AppError, EntityRef};

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
    use crate::fixtures::{user_id, version};
    use crate::{AppError, EntityRef};

    /// Whether a row in version 2 may be changed.
    fn met(precondition: &Precondition) -> bool {
        match precondition.check(EntityRef::User(user_id(1)), version(2)) {
            Ok(()) => true,
            Err(AppError::PreconditionFailed(EntityRef::User(id))) if id == user_id(1) => false,
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_one_any_version_will_do() {
        assert!(met(&Precondition::default()));
        assert!(met(&Precondition::None));
    }

    #[test]
    fn the_version_is_one_of_those_named() {
        assert!(met(&Precondition::OneOf(vec![version(2)])));
        assert!(met(&Precondition::OneOf(vec![version(1), version(2)])));
        assert!(!met(&Precondition::OneOf(vec![version(1), version(3)])));
    }

    #[test]
    fn a_list_that_names_no_version_is_never_met() {
        assert!(!met(&Precondition::OneOf(Vec::new())));
    }
}
