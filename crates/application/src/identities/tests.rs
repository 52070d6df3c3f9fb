use mockall::predicate::eq;

use super::*;
use crate::MockSession;
use crate::fixtures::{
    assert_conflict, assert_failures_pass, assert_not_found, at, identity, user_id,
};

fn session_with(identities: MockIdentityRepository) -> MockSession {
    let mut session = MockSession::new();
    session.expect_identities().return_var(Box::new(identities));
    session
}

fn link_to_ada(answer: Result<(), RepositoryError>) -> Result<(), AppError> {
    let mut identities = MockIdentityRepository::new();
    identities
        .expect_insert()
        .with(eq(identity()), eq(user_id(1)), eq(at(5)))
        .once()
        .return_const(answer);
    link(
        &mut session_with(identities),
        &identity(),
        user_id(1),
        at(5),
    )
}

#[test]
fn an_identity_is_linked_once_and_to_an_existing_user() {
    link_to_ada(Ok(())).unwrap();
    let taken = link_to_ada(Err(RepositoryError::Duplicate(UniqueKey::Identity)));
    assert_conflict(taken, Conflict::IdentityLinked);
    let missing = RepositoryError::MissingReference(USER);
    assert_not_found(link_to_ada(Err(missing)), user_id(1));
    assert_failures_pass(|failure| link_to_ada(Err(failure)));
}

#[test]
fn unlinking_returns_whether_the_identity_was_linked() {
    for was_linked in [true, false] {
        let mut identities = MockIdentityRepository::new();
        identities
            .expect_delete()
            .with(eq(identity()))
            .return_const(Ok(was_linked));
        let unlinked = unlink(&mut session_with(identities), &identity());
        assert_eq!(unlinked.unwrap(), was_linked);
    }
}
