use super::*;

for_each_entity! {
    gives_the_row
    names_the_missing_row
    takes_the_scope_before_the_store_is_asked
    passes_failures_on
}

fn gives_the_row<E: Sample>() {
    let reader = caller(2, [E::READ_SCOPE]);
    let mut session = session_of(that_find(Ok(Some(E::row()))));
    let found = read(&mut session, &reader, E::row().id);
    assert_eq!(found.unwrap(), E::row());
}

fn names_the_missing_row<E: Sample>() {
    let id = E::row().id;
    let mut session = session_of::<E>(that_find(Ok(None)));
    assert_not_found(read(&mut session, &Principal::unrestricted(), id), id);
}

fn takes_the_scope_before_the_store_is_asked<E: Sample>() {
    let principal = caller(1, all_but(E::READ_SCOPE));
    let denied = read(&mut MockSession::new(), &principal, E::row().id);
    assert_denied(denied, Denial::MissingScope(E::READ_SCOPE));
}

fn passes_failures_on<E: Sample>() {
    assert_failures_pass(|failure| {
        let mut session = session_of::<E>(that_find(Err(failure)));
        read(&mut session, &Principal::unrestricted(), E::row().id)
    });
}
