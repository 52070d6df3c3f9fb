//! What a caller may know of itself.

use byline_domain::User;
use byline_domain::policy::{Denial, Principal};

use crate::{AppError, Session, crud};

/// The user that the caller is, if it is one: no scope is needed to see oneself.
///
/// # Errors
///
/// [`AppError::Forbidden`] for somebody who showed no credential, and whatever
/// the store fails with.
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
    use mockall::predicate::eq;

    use super::*;
    use crate::fixtures::{ada, caller, session_over, user_id};
    use crate::{MockPostRepository, MockUserRepository};

    #[test]
    fn everybody_sees_the_user_it_is() {
        let mut users = MockUserRepository::new();
        users
            .expect_find()
            .with(eq(user_id(1)))
            .once()
            .return_const(Ok(Some(ada())));
        let mut session = session_over(users, MockPostRepository::new());
        let seen = read(&mut session, &caller(1, []));
        assert_eq!(seen.unwrap(), Some(ada()));
    }

    #[test]
    fn who_is_no_user_sees_none_and_nobody_sees_nothing() {
        let mut session = session_over(MockUserRepository::new(), MockPostRepository::new());
        let seen = read(&mut session, &Principal::unrestricted());
        assert_eq!(seen.unwrap(), None);
        let denied = read(&mut session, &Principal::default());
        assert!(matches!(
            denied,
            Err(AppError::Forbidden(Denial::NoCredential))
        ));
    }
}
