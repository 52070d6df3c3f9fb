use super::*;

for_each_entity! {
    writes_the_changed_row_over_the_version_that_was_read
    replaces_every_field
    takes_the_scope_before_the_store_is_asked
    names_the_missing_row
    happens_in_a_named_version
    does_not_happen_in_another_version
    does_not_happen_in_the_last_version
    runs_again_if_the_version_is_gone
    passes_failures_on
}

/// Returns the sample with these fields since 200.
fn updated<E: Sample>(fields: E) -> Stored<E> {
    Stored {
        fields,
        updated_at: at(200),
        version: version(2),
        ..E::row()
    }
}

/// Returns the sample after its change at 200.
fn changed<E: Sample>() -> Stored<E> {
    updated(E::change().1)
}

/// Changes the sample at 200, with every right.
fn patch_sample<E: Sample>(
    rows: MockRepository<E>,
    precondition: &Precondition,
) -> Result<Stored<E>, AppError> {
    let (mut session, principal) = (session_of(rows), Principal::unrestricted());
    let (id, (change, _)) = (E::row().id, E::change());
    patch(&mut session, &principal, id, &change, precondition, at(200))
}

/// Returns a repository in which the sample is found, and whose `update` expects this row.
fn that_expect<E: Sample>(updated: &Stored<E>) -> MockRepository<E> {
    let mut rows = that_find(Ok(Some(E::row())));
    rows.expect_update()
        .with(eq(updated.clone()), eq(version(1)))
        .times(1)
        .return_const(Ok(true));
    rows
}

fn writes_the_changed_row_over_the_version_that_was_read<E: Sample>() {
    let patched = patch_sample::<E>(that_expect(&changed()), &Precondition::None);
    assert_eq!(patched.unwrap(), changed());
}

fn replaces_every_field<E: Sample>() {
    let expected = updated(E::other());
    let (mut session, principal) = (
        session_of(that_expect(&expected)),
        Principal::unrestricted(),
    );
    let (id, any) = (E::row().id, Precondition::None);
    let replaced = replace(&mut session, &principal, id, &E::other(), &any, at(200));
    assert_eq!(replaced.unwrap(), expected);
}

fn takes_the_scope_before_the_store_is_asked<E: Sample>() {
    let (id, (change, _), new) = (E::row().id, E::change(), E::other());
    let principal = caller(1, all_but(E::WRITE_SCOPE));
    let expected = Denial::MissingScope(E::WRITE_SCOPE);
    for precondition in [Precondition::None, Precondition::OneOf(vec![version(2)])] {
        let mut none = MockSession::new();
        let patched = patch(&mut none, &principal, id, &change, &precondition, at(200));
        assert_denied(patched, expected);
        let replaced = replace(&mut none, &principal, id, &new, &precondition, at(200));
        assert_denied(replaced, expected);
    }
}

fn names_the_missing_row<E: Sample>() {
    let missing = patch_sample::<E>(that_find(Ok(None)), &Precondition::None);
    assert_not_found(missing, E::row().id);
}

fn happens_in_a_named_version<E: Sample>() {
    let precondition = Precondition::OneOf(vec![version(1)]);
    let patched = patch_sample::<E>(that_update(Ok(true)), &precondition);
    assert_eq!(patched.unwrap(), changed());
}

fn does_not_happen_in_another_version<E: Sample>() {
    let rows = that_find(Ok(Some(E::row())));
    let failed = patch_sample(rows, &Precondition::OneOf(vec![version(2)]));
    assert_precondition_failed(failed, E::row().id);
}

fn does_not_happen_in_the_last_version<E: Sample>() {
    let patch_last = |precondition| {
        let last = Stored {
            version: Version::MAX,
            ..E::row()
        };
        patch_sample(that_find(Ok(Some(last))), &precondition)
    };
    for precondition in [Precondition::None, Precondition::OneOf(vec![Version::MAX])] {
        let expected = Conflict::LastVersion(E::row().id.into());
        assert_conflict(patch_last(precondition), expected);
    }
    let failed = patch_last(Precondition::OneOf(vec![version(1)]));
    assert_precondition_failed(failed, E::row().id);
}

fn runs_again_if_the_version_is_gone<E: Sample>() {
    assert_runs_again(patch_sample::<E>(
        that_update(Ok(false)),
        &Precondition::None,
    ));
}

fn passes_failures_on<E: Sample>() {
    assert_failures_pass(|failure| patch_sample::<E>(that_find(Err(failure)), &Precondition::None));
    assert_failures_pass(|failure| {
        patch_sample::<E>(that_update(Err(failure)), &Precondition::None)
    });
}
