//! The ids that the parents of imported rows have here.

use super::*;
use crate::fixtures::{ReplyFields, reply, store_replies};

#[test]
fn posts_follow_their_authors() {
    let mut rows = posts();
    let expected = vec![post(Some(9), 3, "By seventy"), post(None, 2, "By eighty")];
    rows.expect_insert_with_new_ids()
        .withf(move |rows| rows == expected)
        .times(1)
        .returning(|_| Ok(Vec::new()));
    let mut imports = standing_at_10(1);
    imports
        .expect_noted_ids()
        .with(eq(ImportId::from(4)), always())
        .returning(|_, _| Ok([(70, 3), (80, 2)].into()));
    let task = Task {
        parents: [("user", 4.into())].into(),
        ..task(Numbering::Anew, OnConflict::Fail)
    };
    let batch = [post(Some(9), 70, "By seventy"), post(None, 80, "By eighty")];
    let outcome = import(&task, &batch, imports, three_users(), rows);
    assert_eq!(outcome.unwrap(), counts(2, 0, 0));
}

/// Returns posts of which 11 to 13 exist.
fn three_posts() -> MockRepository<PostFields> {
    let mut rows = posts();
    rows.expect_existing().returning(|ids| {
        let ids = ids.iter().copied();
        Ok(ids.filter(|id| (11..=13).contains(id)).collect())
    });
    rows
}

/// Imports replies under the ids that they come with; their authors and posts are users 1 to 3
/// and posts 11 to 13.
fn import_replies(
    parents: BTreeMap<&'static str, ImportId>,
    imports: MockImportRepository,
    batch: &[ImportedRow<ReplyFields>],
) -> BatchOutcome {
    let task = Task {
        parents,
        ..task(Numbering::Kept, OnConflict::Fail)
    };
    import(&task, batch, imports, three_users(), three_posts()).unwrap()
}

#[test]
fn the_refusal_names_the_relation_of_the_missing_parent() {
    store_replies(|replies| {
        replies
            .expect_find_conflicting()
            .returning(|_, _| Ok(Vec::new()));
    });
    let batch = [
        imported(Some(1), reply(11, 1)),
        imported(Some(2), reply(14, 1)),
        imported(Some(3), reply(11, 4)),
        // As the first parent of the entity.
        imported(Some(4), reply(14, 4)),
    ];
    let refused = vec![
        (1, RowError::ParentMissing(ReplyFields::POST, 14)),
        (2, RowError::ParentMissing(ReplyFields::AUTHOR, 4)),
        (3, RowError::ParentMissing(ReplyFields::POST, 14)),
    ];
    let outcome = import_replies(BTreeMap::new(), standing_at_10(0), &batch);
    assert_eq!(outcome, BatchOutcome::Refused(refused));
}

#[test]
fn each_relation_follows_the_import_of_its_own_parents() {
    store_replies(|replies| {
        replies
            .expect_find_conflicting()
            .returning(|_, _| Ok(Vec::new()));
        replies
            .expect_insert_rows()
            .withf(|rows| rows.iter().all(|row| row.fields == reply(12, 3)))
            .returning(|_| Ok(()));
    });
    let imports_of = |noted: &[(i64, (i64, i64))]| {
        let mut imports = standing_at_10(1);
        for &(import, (old, new)) in noted {
            imports
                .expect_noted_ids()
                .with(eq(ImportId::from(import)), eq(BTreeSet::from([old])))
                .times(1)
                .returning(move |_, _| Ok([(old, new)].into()));
        }
        imports
    };
    let (users, posts) = (("user", ImportId::from(4)), ("post", ImportId::from(6)));
    for (parents, noted, fields) in [
        (
            BTreeMap::from([users, posts]),
            vec![(4, (70, 3)), (6, (70, 12))],
            reply(70, 70),
        ),
        (BTreeMap::from([posts]), vec![(6, (70, 12))], reply(70, 3)),
        (BTreeMap::from([users]), vec![(4, (70, 3))], reply(12, 70)),
        (BTreeMap::new(), Vec::new(), reply(12, 3)),
    ] {
        let batch = [imported(Some(1), fields)];
        let outcome = import_replies(parents, imports_of(&noted), &batch);
        assert_eq!(outcome, counts(1, 0, 0));
    }
}

#[test]
fn a_parent_that_its_import_did_not_note_is_missing() {
    store_replies(|replies| {
        replies
            .expect_find_conflicting()
            .returning(|_, _| Ok(Vec::new()));
    });
    let mut imports = standing_at_10(0);
    imports
        .expect_noted_ids()
        .returning(|_, _| Ok(BTreeMap::new()));
    let parents = BTreeMap::from([("user", ImportId::from(4))]);
    // User 1 exists here, but it is not the one that the row names.
    let batch = [imported(Some(1), reply(11, 1))];
    let outcome = import_replies(parents, imports, &batch);
    let refused = vec![(0, RowError::ParentMissing(ReplyFields::AUTHOR, 1))];
    assert_eq!(outcome, BatchOutcome::Refused(refused));
}
