//! What becomes of each row: inserted, written over another, skipped or refused.

use byline_domain::UserId;

use super::*;

#[test]
fn ids_and_versions_are_left_for_later_rows_and_changes() {
    let id_too_high = user(
        Some(UserId::MAX_IMPORTED.get() + 1),
        "Ada",
        "ada@example.org",
    );
    let mut version_too_high = user(Some(1), "Bob", "bob@example.org");
    version_too_high.version = version(Version::MAX_IMPORTED.get() + 1);
    let batch = [
        id_too_high,
        version_too_high,
        user(Some(2), "Eve", "eve@example.org"),
    ];
    let mut last = stored_user(2, "Eva", "eva@example.org");
    last.version = Version::MAX;
    for (numbering, existing, refused) in [
        (
            Numbering::Kept,
            vec![last],
            vec![
                (0, RowError::IdTooHigh),
                (1, RowError::VersionTooHigh),
                (2, RowError::LastVersion),
            ],
        ),
        // Ids that are not kept use up none.
        (
            Numbering::Anew,
            Vec::new(),
            vec![(1, RowError::VersionTooHigh)],
        ),
    ] {
        let outcome = import_users(
            &task(numbering, OnConflict::Update),
            &batch,
            standing_at_10(0),
            that_conflict(existing),
        );
        assert_eq!(outcome.unwrap(), BatchOutcome::Refused(refused));
    }
}

#[test]
fn a_batch_with_refused_rows_is_not_stored() {
    let batch = [
        user(Some(1), "Ada", "new@example.org"),
        user(None, "Without id", "none@example.org"),
        user(Some(3), "Cy", "cy@example.org"),
        user(Some(4), "Cyrus", "CY@example.org"),
        user(Some(3), "Cyra", "cyra@example.org"),
        user(Some(5), "Ada", "ADA@example.org"),
    ];
    let outcome = import_users(
        &task(Numbering::Kept, OnConflict::Fail),
        &batch,
        standing_at_10(0),
        that_conflict(vec![stored_user(1, "Ada", "ada@example.org")]),
    );
    let refused = vec![
        (0, RowError::IdTaken(user_id(1).into())),
        (1, RowError::NoId),
        (3, RowError::ValueTaken("email", user_id(3).into())),
        (4, RowError::IdTaken(user_id(3).into())),
        (5, RowError::ValueTaken("email", user_id(1).into())),
    ];
    assert_eq!(outcome.unwrap(), BatchOutcome::Refused(refused));
}

#[test]
fn a_value_that_a_row_without_id_has_is_repeated() {
    let batch = [
        user(None, "Ada", "ada@example.org"),
        user(None, "Adah", "ADA@example.org"),
    ];
    let outcome = import_users(
        &task(Numbering::Anew, OnConflict::Fail),
        &batch,
        standing_at_10(0),
        that_conflict(Vec::new()),
    );
    let refused = vec![(1, RowError::ValueRepeated("email"))];
    assert_eq!(outcome.unwrap(), BatchOutcome::Refused(refused));
}

#[test]
fn existing_rows_are_skipped() {
    let batch = [
        user(Some(1), "Other", "other@example.org"),
        user(Some(2), "Ada", "ADA@example.org"),
        user(Some(3), "Cy", "cy@example.org"),
        user(Some(3), "Cy", "cy2@example.org"),
    ];
    let outcome = import_users(
        &task(Numbering::Kept, OnConflict::Skip),
        &batch,
        standing_at_10(1),
        that_insert(
            vec![stored_user(1, "Ada", "ada@example.org")],
            vec![batch[2].clone().under(user_id(3))],
        ),
    );
    assert_eq!(outcome.unwrap(), counts(1, 0, 3));
}

#[test]
fn rows_that_differ_are_written_over_in_a_version_that_neither_had() {
    let mut newer = user(Some(2), "Robert", "bob@example.org");
    (newer.version, newer.updated_at) = (version(17), at(20));
    let batch = [
        user(Some(1), "Ada", "a.l@example.org"),
        newer,
        user(Some(3), "Cy", "cy@example.org"),
        // Takes the address that the first gives up.
        user(Some(4), "Eve", "ada@example.org"),
    ];
    let mut ada = stored_user(1, "Ada", "a.l@example.org");
    ada.version = version(5);
    let mut bob = stored_user(2, "Robert", "bob@example.org");
    (bob.version, bob.updated_at) = (version(17), at(20));
    let mut rows = that_insert(
        vec![
            stored_user(1, "Ada", "ada@example.org"),
            stored_user(2, "Bob", "bob@example.org"),
            stored_user(3, "Cy", "cy@example.org"),
        ],
        vec![batch[3].clone().under(user_id(4))],
    );
    expect_update(&mut rows, ada, version(4));
    expect_update(&mut rows, bob, version(4));
    let outcome = import_users(
        &task(Numbering::Kept, OnConflict::Update),
        &batch,
        standing_at_10(1),
        rows,
    );
    assert_eq!(outcome.unwrap(), counts(1, 2, 1));
}

#[test]
fn new_ids_are_noted_by_the_old_ones() {
    let batch = [
        user(Some(1), "Ada", "ada@example.org"),
        user(None, "Bob", "bob@example.org"),
        user(Some(3), "Cy", "cy@example.org"),
        user(Some(4), "Cyrus", "CY@example.org"),
    ];
    let mut rows = users();
    rows.expect_find_conflicting()
        .withf(|ids, values| ids.is_empty() && values.len() == 3)
        .returning(|_, _| Ok(vec![stored_user(40, "Ada", "ada@example.org")]));
    let inserts = batch[1..3].to_vec();
    rows.expect_insert_with_new_ids()
        .withf(move |rows| rows == inserts)
        .returning(|_| Ok(vec![user_id(50), user_id(51)]));
    let mut imports = standing_at_10(1);
    imports
        .expect_note_ids()
        .with(eq(ImportId::from(ID)), eq([(1, 40), (3, 51), (4, 51)]))
        .times(1)
        .returning(|_, _| Ok(()));
    let outcome = import_users(
        &task(Numbering::Anew, OnConflict::Skip),
        &batch,
        imports,
        rows,
    );
    assert_eq!(outcome.unwrap(), counts(2, 0, 2));
}

#[test]
fn posts_are_refused_without_author_or_id_or_with_a_taken_id() {
    let batch = [
        post(Some(1), 7, "By a missing user"),
        post(None, 1, "Without id"),
        post(Some(2), 1, "Existing"),
        post(Some(3), 1, "First"),
        post(Some(3), 1, "Second"),
    ];
    let outcome = import(
        &task(Numbering::Kept, OnConflict::Fail),
        &batch,
        standing_at_10(0),
        three_users(),
        that_conflict(vec![stored_post(2, 1, "Existing")]),
    );
    let refused = vec![
        (0, RowError::ParentMissing(PostFields::AUTHOR, 7)),
        (1, RowError::NoId),
        (2, RowError::IdTaken(post_id(2).into())),
        (4, RowError::IdTaken(post_id(3).into())),
    ];
    assert_eq!(outcome.unwrap(), BatchOutcome::Refused(refused));
}

#[test]
fn existing_posts_are_written_over_or_skipped() {
    let batch = [
        post(Some(1), 2, "Changed"),
        post(Some(2), 1, "Same"),
        post(Some(3), 3, "New"),
    ];
    for (on_conflict, updated) in [(OnConflict::Update, 1), (OnConflict::Skip, 0)] {
        let mut rows = that_insert(
            vec![stored_post(1, 1, "Old"), stored_post(2, 1, "Same")],
            vec![stored_post(3, 3, "New")],
        );
        if updated > 0 {
            let mut changed = stored_post(1, 2, "Changed");
            changed.version = version(2);
            expect_update(&mut rows, changed, Version::FIRST);
        }
        let outcome = import(
            &task(Numbering::Kept, on_conflict),
            &batch,
            standing_at_10(1),
            three_users(),
            rows,
        );
        assert_eq!(outcome.unwrap(), counts(1, updated, 2 - updated));
    }
}
