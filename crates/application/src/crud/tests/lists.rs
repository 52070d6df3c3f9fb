use super::*;

for_each_entity! {
    gives_the_page_of_the_store
    takes_the_scope_before_the_store_is_asked
    counts_the_rows_of_the_query
    passes_failures_on
}

fn gives_the_page_of_the_store<E: Sample>() {
    for more in [true, false] {
        let page = Page {
            items: vec![E::row()],
            more,
        };
        let mut rows = MockRepository::new();
        rows.expect_list()
            .with(eq(ListQuery::<E>::default()))
            .times(1)
            .return_const(Ok(page.clone()));
        let reader = caller(2, [E::READ_SCOPE]);
        let listed = list(&mut session_of(rows), &reader, &ListQuery::default());
        assert_eq!(listed.unwrap(), page);
    }
}

fn takes_the_scope_before_the_store_is_asked<E: Sample>() {
    let principal = caller(1, all_but(E::READ_SCOPE));
    let (mut session, query) = (MockSession::new(), ListQuery::<E>::default());
    let expected = Denial::MissingScope(E::READ_SCOPE);
    assert_denied(list(&mut session, &principal, &query), expected);
    assert_denied(count(&mut session, &principal, &query), expected);
}

fn counts_the_rows_of_the_query<E: Sample>() {
    let mut rows = MockRepository::new();
    rows.expect_count()
        .with(eq(ListQuery::<E>::default()))
        .times(1)
        .return_const(Ok(17));
    let reader = caller(2, [E::READ_SCOPE]);
    let counted = count(&mut session_of(rows), &reader, &ListQuery::<E>::default());
    assert_eq!(counted.unwrap(), 17);
}

fn passes_failures_on<E: Sample>() {
    let (principal, query) = (Principal::unrestricted(), ListQuery::<E>::default());
    assert_failures_pass(|failure| {
        let mut rows = MockRepository::<E>::new();
        rows.expect_list().return_const(Err(failure));
        list(&mut session_of(rows), &principal, &query)
    });
    assert_failures_pass(|failure| {
        let mut rows = MockRepository::<E>::new();
        rows.expect_count().return_const(Err(failure));
        count(&mut session_of(rows), &principal, &query)
    });
}
