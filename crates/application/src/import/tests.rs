use byline_domain::{
    Content, EmailAddress, Id, Post, PostFields, Title, User, UserFields, UserName,
};
use mockall::predicate::{always, eq};

use super::*;
use crate::fixtures::{
    assert_failures_pass, assert_runs_again, at, post_id, posts, session_over, user_id, users,
    version,
};
use crate::{Digest, MockRepository, UniqueKey};

mod parents;
mod plan;
mod resuming;

const ID: i64 = 5;

fn task(numbering: Numbering, on_conflict: OnConflict) -> Task {
    Task {
        id: ID.into(),
        numbering,
        on_conflict,
        parents: BTreeMap::new(),
    }
}

fn checkpoint(bytes: u64) -> Checkpoint {
    Checkpoint {
        bytes,
        lines: bytes,
        digest: Digest::of(&[b"so far"]),
    }
}

/// Returns an import that stands at 10, and is moved on to 20 `times` times.
fn standing_at_10(times: usize) -> MockImportRepository {
    let mut imports = MockImportRepository::new();
    imports
        .expect_position()
        .with(eq(ImportId::from(ID)))
        .returning(|_| Ok(Some(checkpoint(10))));
    imports
        .expect_advance()
        .with(
            eq(ImportId::from(ID)),
            eq(10),
            eq(checkpoint(20)),
            eq(at(7)),
        )
        .times(times)
        .returning(|_, _, _, _| Ok(true));
    imports
}

/// Imports a batch from 10 to 20.
fn import<E: Resource>(
    task: &Task,
    batch: &[ImportedRow<E>],
    imports: MockImportRepository,
    users: MockRepository<UserFields>,
    posts: MockRepository<PostFields>,
) -> Result<BatchOutcome, AppError> {
    let mut session = session_over(users, posts);
    session.expect_imports().return_var(Box::new(imports));
    let step = Step {
        from: 10,
        to: checkpoint(20),
        now: at(7),
    };
    rows(&mut session, task, batch, &step)
}

/// Imports users, which ask for no posts.
fn import_users(
    task: &Task,
    batch: &[ImportedRow<UserFields>],
    imports: MockImportRepository,
    users: MockRepository<UserFields>,
) -> Result<BatchOutcome, AppError> {
    import(task, batch, imports, users, posts())
}

/// Returns a row of another database, in its first version.
fn imported<E: Entity>(id: Option<i64>, fields: E) -> ImportedRow<E> {
    ImportedRow {
        id: id.map(|id| Id::try_from(id).unwrap()),
        fields,
        created_at: at(1),
        updated_at: at(2),
        version: version(1),
    }
}

fn user(id: Option<i64>, name: &str, email: &str) -> ImportedRow<UserFields> {
    let fields = UserFields {
        name: UserName::parse(name).unwrap(),
        email: EmailAddress::parse(email).unwrap(),
    };
    imported(id, fields)
}

/// Returns a user that is stored in version 4, since 9.
fn stored_user(id: i64, name: &str, email: &str) -> User {
    let mut user = user(None, name, email).under(user_id(id));
    (user.updated_at, user.version) = (at(9), version(4));
    user
}

fn post(id: Option<i64>, author: i64, title: &str) -> ImportedRow<PostFields> {
    let fields = PostFields {
        user_id: user_id(author),
        title: Title::parse(title).unwrap(),
        content: Content::parse("…").unwrap(),
    };
    imported(id, fields)
}

fn stored_post(id: i64, author: i64, title: &str) -> Post {
    post(None, author, title).under(post_id(id))
}

/// Returns a repository in which the batch conflicts with these rows.
fn that_conflict<E: Resource>(existing: Vec<Stored<E>>) -> MockRepository<E> {
    let mut rows = MockRepository::new();
    rows.expect_find_conflicting()
        .returning(move |_, _| Ok(existing.clone()));
    rows
}

/// Returns a repository in which the batch conflicts with the rows `existing`, and `inserts`
/// are inserted under their ids.
fn that_insert<E: Resource>(
    existing: Vec<Stored<E>>,
    inserts: Vec<Stored<E>>,
) -> MockRepository<E> {
    let mut rows = that_conflict(existing);
    rows.expect_insert_rows()
        .withf(move |rows| rows == inserts)
        .times(1)
        .returning(|_| Ok(()));
    rows
}

/// Expects that this row is written over the one in version `from`.
fn expect_update<E: Resource>(rows: &mut MockRepository<E>, row: Stored<E>, from: Version) {
    rows.expect_update()
        .with(eq(row), eq(from))
        .times(1)
        .returning(|_, _| Ok(true));
}

/// Returns users of whom 1 to 3 exist.
fn three_users() -> MockRepository<UserFields> {
    let mut rows = users();
    rows.expect_existing()
        .returning(|ids| Ok(ids.iter().copied().filter(|id| *id <= 3).collect()));
    rows
}

fn counts(inserted: u64, updated: u64, skipped: u64) -> BatchOutcome {
    BatchOutcome::Stored(ImportCounts {
        inserted,
        updated,
        skipped,
    })
}
