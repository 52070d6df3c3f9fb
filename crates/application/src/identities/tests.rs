use mockall::predicate::eq;

use super::*;
use crate::MockSession;
use crate::fixtures::{assert_failures_pass, at, user_id};

fn identity() -> Identity {
    Identity::from([7; Identity::LENGTH])
}

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
fn an_identity_is_linked_once_and_to_somebody_who_is_there() {
    link_to_ada(Ok(())).unwrap();
    let taken = link_to_ada(Err(RepositoryError::Duplicate(UniqueKey::Identity)));
    assert!(matches!(
        taken,
        Err(AppError::Conflict(Conflict::IdentityLinked))
    ));
    let missing = RepositoryError::MissingReference(Reference::IdentityUser);
    assert!(matches!(
        link_to_ada(Err(missing)),
        Err(AppError::NotFound(EntityRef::User(id))) if id == user_id(1)
    ));
    assert_failures_pass(|failure| link_to_ada(Err(failure)));
}

#[test]
fn an_identity_is_forgotten() {
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
