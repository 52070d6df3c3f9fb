use super::*;

for_each_entity! {
    takes_the_scope_before_the_store_is_asked
    names_the_missing_row
    happens_in_a_named_version
    does_not_happen_in_another_version
    runs_again_if_the_version_is_gone
    passes_failures_on
}

/// Deletes the sample without children, with every right.
fn delete_sample<E: Sample>(
    rows: MockRepository<E>,
    precondition: &Precondition,
) -> Result<(), AppError> {
    let (mut session, principal) = (session_of(rows), Principal::unrestricted());
    delete(&mut session, &principal, E::row().id, &[], precondition)
}

fn takes_the_scope_before_the_store_is_asked<E: Sample>() {
    let principal = caller(1, all_but(E::WRITE_SCOPE));
    for precondition in [Precondition::None, Precondition::OneOf(vec![version(2)])] {
        let (mut none, id) = (MockSession::new(), E::row().id);
        let denied = delete(&mut none, &principal, id, &[], &precondition);
        assert_denied(denied, Denial::MissingScope(E::WRITE_SCOPE));
    }
}

fn names_the_missing_row<E: Sample>() {
    let missing = delete_sample::<E>(that_lock(Ok(None)), &Precondition::None);
    assert_not_found(missing, E::row().id);
}

fn happens_in_a_named_version<E: Sample>() {
    for named in [vec![version(1)], vec![version(3), version(1)]] {
        delete_sample::<E>(that_delete(Ok(true)), &Precondition::OneOf(named)).unwrap();
    }
}

fn does_not_happen_in_another_version<E: Sample>() {
    let rows = that_lock(Ok(Some(E::row())));
    let failed = delete_sample(rows, &Precondition::OneOf(vec![version(2)]));
    assert_precondition_failed(failed, E::row().id);
}

fn runs_again_if_the_version_is_gone<E: Sample>() {
    assert_runs_again(delete_sample::<E>(
        that_delete(Ok(false)),
        &Precondition::None,
    ));
}

fn passes_failures_on<E: Sample>() {
    assert_failures_pass(|failure| {
        delete_sample::<E>(that_lock(Err(failure)), &Precondition::None)
    });
    assert_failures_pass(|failure| {
        delete_sample::<E>(that_delete(Err(failure)), &Precondition::None)
    });
}
