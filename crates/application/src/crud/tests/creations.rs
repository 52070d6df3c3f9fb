use super::*;

for_each_entity! {
    inserts_the_row_at_the_present_moment
    passes_failures_on
}

/// Creates the sample at 100, with every right, where `insert` gives `answer`.
fn create_sample<E: Sample>(
    answer: Result<Stored<E>, RepositoryError>,
) -> Result<Stored<E>, AppError> {
    let mut rows = MockRepository::new();
    rows.expect_insert()
        .with(eq(E::row().fields), eq(at(100)))
        .times(1)
        .return_const(answer);
    let (mut session, principal) = (session_of(rows), Principal::unrestricted());
    create(&mut session, &principal, &E::row().fields, at(100))
}

fn inserts_the_row_at_the_present_moment<E: Sample>() {
    assert_eq!(create_sample(Ok(E::row())).unwrap(), E::row());
}

fn passes_failures_on<E: Sample>() {
    assert_failures_pass(|failure| create_sample::<E>(Err(failure)));
}
