use byline_domain::{Content, EmailAddress, Post, PostId, Title, User, UserName, Version};
use mockall::predicate::{always, eq};

use super::*;
use crate::fixtures::{at, user_id, version};
use crate::import::MockImportRepository;
use crate::{
    Digest, MockBulkRepository, MockPostRepository, MockSession, MockUserRepository, PostRecord,
    UniqueKey, UserRecord,
};

const ID: i64 = 5;

fn task(numbering: Numbering, on_conflict: OnConflict) -> Task {
    Task {
        id: ID.into(),
        numbering,
        on_conflict,
        authors: None,
    }
}

fn position(bytes: u64) -> Checkpoint {
    Checkpoint {
        bytes,
        lines: bytes,
        digest: Digest::of(&[b"so far"]),
    }
}

fn step() -> Step {
    Step {
        from: 10,
        to: position(20),
        now: at(7),
    }
}

/// An import that stands at 10, and is moved on `times` times.
fn standing_at_10(times: usize) -> MockImportRepository {
    let mut imports = MockImportRepository::new();
    imports
        .expect_position()
        .with(eq(ImportId::from(ID)))
        .returning(|_| Ok(Some(position(10))));
    imports
        .expect_advance()
        .with(eq(ImportId::from(ID)), eq(10), eq(position(20)), eq(at(7)))
        .times(times)
        .returning(|_, _, _, _| Ok(true));
    imports
}

fn session(
    imports: MockImportRepository,
    bulk: MockBulkRepository,
    users: MockUserRepository,
    posts: MockPostRepository,
) -> MockSession {
    let mut session = MockSession::new();
    session.expect_imports().return_var(Box::new(imports));
    session.expect_bulk().return_var(Box::new(bulk));
    session.expect_users().return_var(Box::new(users));
    session.expect_posts().return_var(Box::new(posts));
    session
}

fn user(id: Option<i64>, name: &str, email: &str) -> UserRecord {
    UserRecord {
        id: id.map(user_id),
        name: UserName::parse(name).unwrap(),
        email: EmailAddress::parse(email).unwrap(),
        created_at: at(1),
        updated_at: at(2),
        version: version(1),
    }
}

fn stored(id: i64, name: &str, email: &str) -> User {
    let mut user = user(None, name, email).under(user_id(id));
    (user.updated_at, user.version) = (at(9), version(4));
    user
}

fn tally(inserted: u64, updated: u64, skipped: u64) -> BatchOutcome {
    BatchOutcome::Stored(ImportCounts {
        inserted,
        updated,
        skipped,
    })
}

/// Users among whom `there` are found, and `fresh` inserted under their ids.
fn bulk_of(there: Vec<User>, fresh: Vec<User>) -> MockBulkRepository {
    let mut bulk = MockBulkRepository::new();
    bulk.expect_find_conflicting_users()
        .returning(move |_, _| Ok(there.clone()));
    bulk.expect_insert_users()
        .withf(move |users| users == fresh)
        .times(1)
        .returning(|_| Ok(()));
    bulk
}

fn import_users(
    task: &Task,
    batch: &[UserRecord],
    imports: MockImportRepository,
    bulk: MockBulkRepository,
    changed: MockUserRepository,
) -> Result<BatchOutcome, AppError> {
    let mut session = session(imports, bulk, changed, MockPostRepository::new());
    users(&mut session, task, batch, &step())
}

#[test]
fn rows_and_position_are_stored_together() {
    let batch = [
        user(Some(2), "Bob", "bob@example.org"),
        user(Some(1), "Ada", "ada@example.org"),
    ];
    let rows = vec![
        batch[0].clone().under(user_id(2)),
        batch[1].clone().under(user_id(1)),
    ];
    let outcome = import_users(
        &task(Numbering::Kept, OnConflict::Fail),
        &batch,
        standing_at_10(1),
        bulk_of(Vec::new(), rows),
        MockUserRepository::new(),
    );
    assert_eq!(outcome.unwrap(), tally(2, 0, 0));
}

#[test]
fn a_batch_is_stored_once() {
    for (stands, expected) in [
        (Some(position(20)), BatchOutcome::Known),
        (Some(position(30)), BatchOutcome::Elsewhere),
        (None, BatchOutcome::Elsewhere),
    ] {
        let mut imports = MockImportRepository::new();
        imports.expect_position().returning(move |_| Ok(stands));
        let outcome = import_users(
            &task(Numbering::Kept, OnConflict::Fail),
            &[user(Some(1), "Ada", "ada@example.org")],
            imports,
            MockBulkRepository::new(),
            MockUserRepository::new(),
        );
        assert_eq!(outcome.unwrap(), expected);
    }
}

#[test]
fn numbers_are_left_behind_an_import() {
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
    let mut last = stored(2, "Eva", "eva@example.org");
    last.version = Version::MAX;
    for (numbering, refused) in [
        (
            Numbering::Kept,
            vec![
                (0, RowError::IdTooHigh),
                (1, RowError::VersionTooHigh),
                (2, RowError::LastVersion),
            ],
        ),
        // Ids that are not kept use up none.
        (Numbering::Anew, vec![(1, RowError::VersionTooHigh)]),
    ] {
        let mut bulk = MockBulkRepository::new();
        let there = match numbering {
            Numbering::Kept => vec![last.clone()],
            Numbering::Anew => Vec::new(),
        };
        bulk.expect_find_conflicting_users()
            .returning(move |_, _| Ok(there.clone()));
        let outcome = import_users(
            &task(numbering, OnConflict::Update),
            &batch,
            standing_at_10(0),
            bulk,
            MockUserRepository::new(),
        );
        assert_eq!(outcome.unwrap(), BatchOutcome::Refused(refused));
    }
}

#[test]
fn whoever_is_overtaken_tries_again() {
    let mut imports = MockImportRepository::new();
    imports
        .expect_position()
        .returning(|_| Ok(Some(position(10))));
    imports.expect_advance().returning(|_, _, _, _| Ok(false));
    let outcome = import_users(
        &task(Numbering::Kept, OnConflict::Fail),
        &[],
        imports,
        bulk_of(Vec::new(), Vec::new()),
        MockUserRepository::new(),
    );
    assert!(matches!(outcome, Err(AppError::Contention(None))));

    let mut bulk = MockBulkRepository::new();
    bulk.expect_find_conflicting_users()
        .returning(|_, _| Ok(Vec::new()));
    bulk.expect_insert_users()
        .returning(|_| Err(RepositoryError::Duplicate(UniqueKey::UserEmail)));
    let outcome = import_users(
        &task(Numbering::Kept, OnConflict::Fail),
        &[user(Some(1), "Ada", "ada@example.org")],
        standing_at_10(0),
        bulk,
        MockUserRepository::new(),
    );
    assert!(matches!(outcome, Err(AppError::Contention(None))));
}

#[test]
fn nothing_is_stored_of_a_batch_with_rows_that_have_no_place() {
    let batch = [
        user(Some(1), "Ada", "new@example.org"),
        user(None, "Nobody", "nobody@example.org"),
        user(Some(3), "Cy", "cy@example.org"),
        user(Some(4), "Cyrus", "CY@example.org"),
        user(Some(3), "Cyra", "cyra@example.org"),
        user(Some(5), "Ada", "ADA@example.org"),
    ];
    let mut bulk = MockBulkRepository::new();
    bulk.expect_find_conflicting_users()
        .returning(|_, _| Ok(vec![stored(1, "Ada", "ada@example.org")]));
    let outcome = import_users(
        &task(Numbering::Kept, OnConflict::Fail),
        &batch,
        standing_at_10(0),
        bulk,
        MockUserRepository::new(),
    );
    let refused = vec![
        (0, RowError::UserTaken(user_id(1))),
        (1, RowError::NoId),
        (3, RowError::EmailTaken(user_id(3))),
        (4, RowError::UserTaken(user_id(3))),
        (5, RowError::EmailTaken(user_id(1))),
    ];
    assert_eq!(outcome.unwrap(), BatchOutcome::Refused(refused));
}

#[test]
fn rows_that_are_there_are_left_out() {
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
        bulk_of(
            vec![stored(1, "Ada", "ada@example.org")],
            vec![batch[2].clone().under(user_id(3))],
        ),
        MockUserRepository::new(),
    );
    assert_eq!(outcome.unwrap(), tally(1, 0, 3));
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
    let mut changed = MockUserRepository::new();
    let mut ada = stored(1, "Ada", "a.l@example.org");
    ada.version = version(5);
    let mut bob = stored(2, "Robert", "bob@example.org");
    (bob.version, bob.updated_at) = (version(17), at(20));
    for user in [ada, bob] {
        changed
            .expect_update()
            .with(eq(user), eq(version(4)))
            .times(1)
            .returning(|_, _| Ok(true));
    }
    let outcome = import_users(
        &task(Numbering::Kept, OnConflict::Update),
        &batch,
        standing_at_10(1),
        bulk_of(
            vec![
                stored(1, "Ada", "ada@example.org"),
                stored(2, "Bob", "bob@example.org"),
                stored(3, "Cy", "cy@example.org"),
            ],
            vec![batch[3].clone().under(user_id(4))],
        ),
        changed,
    );
    assert_eq!(outcome.unwrap(), tally(1, 2, 1));
}

#[test]
fn new_ids_are_noted_by_the_old_ones() {
    let batch = [
        user(Some(1), "Ada", "ada@example.org"),
        user(None, "Bob", "bob@example.org"),
        user(Some(3), "Cy", "cy@example.org"),
        user(Some(4), "Cyrus", "CY@example.org"),
    ];
    let mut bulk = MockBulkRepository::new();
    bulk.expect_find_conflicting_users()
        .withf(|ids, emails| ids.is_empty() && emails.len() == 3)
        .returning(|_, _| Ok(vec![stored(40, "Ada", "ada@example.org")]));
    let fresh = batch[1..3].to_vec();
    bulk.expect_insert_users_with_new_ids()
        .withf(move |users| users == fresh)
        .returning(|_| Ok(vec![user_id(50), user_id(51)]));
    let mut imports = standing_at_10(1);
    imports
        .expect_note_ids()
        .with(
            eq(ImportId::from(ID)),
            eq([(1, 40), (3, 51), (4, 51)].map(|(given, id)| (user_id(given), user_id(id)))),
        )
        .times(1)
        .returning(|_, _| Ok(()));
    let outcome = import_users(
        &task(Numbering::Anew, OnConflict::Skip),
        &batch,
        imports,
        bulk,
        MockUserRepository::new(),
    );
    assert_eq!(outcome.unwrap(), tally(2, 0, 2));
}

fn post(id: Option<i64>, author: i64, title: &str) -> PostRecord {
    PostRecord {
        id: id.map(|id| PostId::try_from(id).unwrap()),
        user_id: user_id(author),
        title: Title::parse(title).unwrap(),
        content: Content::parse("…").unwrap(),
        created_at: at(1),
        updated_at: at(2),
        version: Version::FIRST,
    }
}

fn stored_post(id: i64, author: i64, title: &str) -> Post {
    post(None, author, title).under(PostId::try_from(id).unwrap())
}

fn import_posts(
    task: &Task,
    batch: &[PostRecord],
    imports: MockImportRepository,
    bulk: MockBulkRepository,
    changed: MockPostRepository,
) -> Result<BatchOutcome, AppError> {
    let mut session = session(imports, bulk, MockUserRepository::new(), changed);
    posts(&mut session, task, batch, &step())
}

/// Posts among which `there` are found, by users of whom 1 to 3 exist.
fn posts_of(there: Vec<Post>) -> MockBulkRepository {
    let mut bulk = MockBulkRepository::new();
    bulk.expect_existing_users().returning(|ids| {
        let there = ids.iter().filter(|id| id.get() <= 3);
        Ok(there.copied().collect())
    });
    bulk.expect_find_conflicting_posts()
        .returning(move |_| Ok(there.clone()));
    bulk
}

#[test]
fn posts_are_refused_without_author_id_or_place() {
    let batch = [
        post(Some(1), 7, "By nobody"),
        post(None, 1, "Without id"),
        post(Some(2), 1, "There"),
        post(Some(3), 1, "First"),
        post(Some(3), 1, "Second"),
    ];
    let outcome = import_posts(
        &task(Numbering::Kept, OnConflict::Fail),
        &batch,
        standing_at_10(0),
        posts_of(vec![stored_post(2, 1, "There")]),
        MockPostRepository::new(),
    );
    let id = |id| PostId::try_from(id).unwrap();
    let refused = vec![
        (0, RowError::NoAuthor(user_id(7))),
        (1, RowError::NoId),
        (2, RowError::PostTaken(id(2))),
        (4, RowError::PostTaken(id(3))),
    ];
    assert_eq!(outcome.unwrap(), BatchOutcome::Refused(refused));
}

#[test]
fn posts_are_written_over_or_left_out() {
    let batch = [
        post(Some(1), 2, "Changed"),
        post(Some(2), 1, "Same"),
        post(Some(3), 3, "New"),
    ];
    let there = vec![stored_post(1, 1, "Old"), stored_post(2, 1, "Same")];
    let fresh = vec![stored_post(3, 3, "New")];
    for (on_conflict, changes) in [(OnConflict::Update, 1), (OnConflict::Skip, 0)] {
        let mut bulk = posts_of(there.clone());
        let fresh = fresh.clone();
        bulk.expect_insert_posts()
            .withf(move |posts| posts == fresh)
            .times(1)
            .returning(|_| Ok(()));
        let mut changed = MockPostRepository::new();
        let mut expected = stored_post(1, 2, "Changed");
        expected.version = version(2);
        changed
            .expect_update()
            .with(eq(expected), eq(Version::FIRST))
            .times(changes)
            .returning(|_, _| Ok(true));
        let task = task(Numbering::Kept, on_conflict);
        let outcome = import_posts(&task, &batch, standing_at_10(1), bulk, changed);
        let changes = count(changes);
        assert_eq!(outcome.unwrap(), tally(1, changes, 2 - changes));
    }
}

#[test]
fn posts_follow_their_authors() {
    let mut bulk = posts_of(Vec::new());
    let expected = vec![post(Some(9), 3, "By seventy"), post(None, 2, "By eighty")];
    bulk.expect_insert_posts_with_new_ids()
        .withf(move |posts| posts == expected)
        .times(1)
        .returning(|_| Ok(Vec::new()));
    let mut imports = standing_at_10(1);
    imports
        .expect_noted_ids()
        .with(eq(ImportId::from(4)), always())
        .returning(|_, _| Ok([(user_id(70), user_id(3)), (user_id(80), user_id(2))].into()));
    let task = Task {
        authors: Some(4.into()),
        ..task(Numbering::Anew, OnConflict::Fail)
    };
    let batch = [post(Some(9), 70, "By seventy"), post(None, 80, "By eighty")];
    let outcome = import_posts(&task, &batch, imports, bulk, MockPostRepository::new());
    assert_eq!(outcome.unwrap(), tally(2, 0, 0));
}

#[test]
fn failures_pass() {
    crate::fixtures::assert_failures_pass(|failure| {
        let mut imports = MockImportRepository::new();
        imports.expect_position().return_const(Err(failure));
        import_users(
            &task(Numbering::Kept, OnConflict::Fail),
            &[],
            imports,
            MockBulkRepository::new(),
            MockUserRepository::new(),
        )
    });
}
