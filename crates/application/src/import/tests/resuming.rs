//! How far an import has come: noted with the rows of each batch.

use super::*;

fn ada() -> ImportedRow<UserFields> {
    user(Some(1), "Ada", "ada@example.org")
}

#[test]
fn rows_and_checkpoint_are_stored_together() {
    let batch = [user(Some(2), "Bob", "bob@example.org"), ada()];
    let inserts = vec![
        batch[0].clone().under(user_id(2)),
        batch[1].clone().under(user_id(1)),
    ];
    let outcome = import_users(
        &task(Numbering::Kept, OnConflict::Fail),
        &batch,
        standing_at_10(1),
        that_insert(Vec::new(), inserts),
    );
    assert_eq!(outcome.unwrap(), counts(2, 0, 0));
}

#[test]
fn a_batch_is_stored_once() {
    for (position, expected) in [
        (Some(checkpoint(20)), BatchOutcome::Known),
        (Some(checkpoint(30)), BatchOutcome::Elsewhere),
        (None, BatchOutcome::Elsewhere),
    ] {
        let mut imports = MockImportRepository::new();
        imports.expect_position().returning(move |_| Ok(position));
        let outcome = import_users(
            &task(Numbering::Kept, OnConflict::Fail),
            &[ada()],
            imports,
            users(),
        );
        assert_eq!(outcome.unwrap(), expected);
    }
}

#[test]
fn an_import_that_another_process_moves_on_runs_again() {
    let mut imports = MockImportRepository::new();
    imports
        .expect_position()
        .returning(|_| Ok(Some(checkpoint(10))));
    imports.expect_advance().returning(|_, _, _, _| Ok(false));
    assert_runs_again(import_users(
        &task(Numbering::Kept, OnConflict::Fail),
        &[],
        imports,
        that_insert(Vec::new(), Vec::new()),
    ));
}

#[test]
fn a_row_that_is_stored_meanwhile_makes_the_import_run_again() {
    let mut rows = that_conflict(Vec::new());
    rows.expect_insert_rows()
        .returning(|_| Err(RepositoryError::Duplicate(UniqueKey::UserEmail)));
    assert_runs_again(import_users(
        &task(Numbering::Kept, OnConflict::Fail),
        &[ada()],
        standing_at_10(0),
        rows,
    ));
}

#[test]
fn failures_pass() {
    assert_failures_pass(|failure| {
        let mut imports = MockImportRepository::new();
        imports.expect_position().return_const(Err(failure));
        let task = task(Numbering::Kept, OnConflict::Fail);
        import_users(&task, &[], imports, users())
    });
}
