//! What a caller may read about itself.

use byline_domain::User;
use byline_domain::policy::{Denial, Principal};

use crate::{AppError, Session, crud};

/// Returns the user that the caller is, if it is one. This takes no scope.
///
/// # Errors
///
/// [`AppError::Forbidden`] for a caller without credential, and those of the store.
pub fn read(session: &mut dyn Session, principal: &Principal) -> Result<Option<User>, AppError> {
    if *principal == Principal::default() {
        return Err(Denial::NoCredential.into());
    }
    match principal.user() {
        Some(id) => crud::find(session, id).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{ada, caller, session_of, that_find, users};

    #[test]
    fn a_user_reads_itself_without_a_scope() {
        let mut session = session_of(that_find(Ok(Some(ada()))));
        let seen = read(&mut session, &caller(1, []));
        assert_eq!(seen.unwrap(), Some(ada()));
    }

    #[test]
    fn the_operator_is_no_user_and_an_anonymous_caller_is_denied() {
        let mut session = session_of(users());
        let seen = read(&mut session, &Principal::unrestricted());
        assert_eq!(seen.unwrap(), None);
        let denied = read(&mut session, &Principal::default());
        assert!(matches!(
            denied,
            Err(AppError::Forbidden(Denial::NoCredential))
        ));
    }
}
