//! A dry run: the import into a database of its own.
//!
//! Ahead of each batch it is given whatever of the real one that batch could
//! run into. So a dry run finds what the import would, also what only the rows
//! among themselves contradict, and the real database is only read.

use std::collections::BTreeSet;
use std::sync::Arc;

use byline_application::import::{Checkpoint, Import, ImportId, NewImport, Task};
use byline_application::{AppError, PostRecord, Session, UserRecord};
use byline_domain::{Post, Timestamp, User, UserId};
use byline_persistence::{DatabaseUrl, migrations};
use tempfile::TempDir;

use crate::failure::Failure;
use crate::transfer::{BlockingStore, Entity, Posts, Users};

/// A database that an import is tried out in; gone with the value.
pub(super) struct DryRunDatabase {
    // Closed before its folder goes.
    door: BlockingStore,
    _folder: TempDir,
    /// An import of users that was begun in earnest: the ids that it noted.
    earnest: std::cell::Cell<Option<(ImportId, ImportId)>>,
}

/// Gives a rehearsal what a batch could run into.
pub(super) trait Prepare<E: Entity> {
    /// # Errors
    ///
    /// [`Failure::Refused`]
    fn prepare(
        &self,
        real: &BlockingStore,
        batch: &Arc<Vec<E::Record>>,
        task: &Task,
    ) -> Result<(), Failure>;
}

impl DryRunDatabase {
    /// An empty database, whose new ids are those that `real` would give.
    ///
    /// # Errors
    ///
    /// [`Failure::System`], [`Failure::Database`], [`Failure::Refused`]
    pub(super) fn of(real: &BlockingStore) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("bylinectl-").tempdir();
        let folder = folder.map_err(Failure::System)?;
        let url = DatabaseUrl::sqlite(folder.path().join("rehearsal.db"));
        migrations::migrate(&url)?;
        let door = BlockingStore::open(&url)?;
        let last = real.read(|session| Ok(session.bulk().last_ids()?))?;
        door.write(move |session| Ok(session.bulk().advance_id_sequence(last)?))?;
        Ok(Self {
            door,
            _folder: folder,
            earnest: std::cell::Cell::new(None),
        })
    }

    pub(super) fn door(&self) -> &BlockingStore {
        &self.door
    }

    /// Begins an import where one that was begun in earnest stands.
    ///
    /// # Errors
    ///
    /// [`Failure::Refused`]
    pub(super) fn begin(
        &self,
        mut begun: NewImport,
        position: Checkpoint,
        earlier: Option<Import>,
        now: Timestamp,
    ) -> Result<ImportId, Failure> {
        if let (Some((real, rehearsed)), Some(authors)) = (self.earnest.get(), begun.authors)
            && real == authors
        {
            begun.authors = Some(rehearsed);
        }
        let id = self.door.write(move |session| {
            let imports = session.imports();
            let id = imports.begin(&begun, now)?;
            imports.advance(id, 0, &position, now)?;
            Ok(id)
        })?;
        if let Some(earlier) = earlier {
            self.earnest.set(Some((earlier.id, id)));
        }
        Ok(id)
    }

    /// Stores those of these users who are not there yet.
    fn add_users(&self, users: Vec<User>) -> Result<(), Failure> {
        if users.is_empty() {
            return Ok(());
        }
        self.door.write(move |session| {
            let ids: BTreeSet<_> = users.iter().map(|user| user.id).collect();
            let there = session.bulk().existing_users(&ids)?;
            let missing = users.iter().filter(|user| !there.contains(&user.id));
            let missing: Vec<_> = missing.cloned().collect();
            Ok(session.bulk().insert_users(&missing)?)
        })
    }
}

impl Prepare<Users> for DryRunDatabase {
    fn prepare(
        &self,
        real: &BlockingStore,
        batch: &Arc<Vec<UserRecord>>,
        _: &Task,
    ) -> Result<(), Failure> {
        let batch = Arc::clone(batch);
        let alike = real.read(move |session| {
            let ids = batch.iter().filter_map(|new| new.id).collect();
            let emails = batch.iter().map(|new| new.email.key()).collect();
            Ok(session.bulk().find_conflicting_users(&ids, &emails)?)
        })?;
        self.add_users(alike)
    }
}

impl Prepare<Posts> for DryRunDatabase {
    fn prepare(
        &self,
        real: &BlockingStore,
        batch: &Arc<Vec<PostRecord>>,
        task: &Task,
    ) -> Result<(), Failure> {
        let earnest = self.earnest.get().filter(|_| task.authors.is_some());
        let batch = Arc::clone(batch);
        let (noted, authors, posts) = real.read(move |session| around(session, &batch, earnest))?;
        self.add_users(authors)?;
        if let (Some((_, rehearsed)), false) = (earnest, noted.is_empty()) {
            self.door
                .write(move |session| Ok(session.imports().note_ids(rehearsed, &noted)?))?;
        }
        if posts.is_empty() {
            return Ok(());
        }
        self.door.write(move |session| {
            let ids = posts.iter().map(|post| post.id).collect();
            let there = session.bulk().find_conflicting_posts(&ids)?;
            let there: BTreeSet<_> = there.into_iter().map(|post| post.id).collect();
            let missing = posts.iter().filter(|post| !there.contains(&post.id));
            let missing: Vec<_> = missing.cloned().collect();
            Ok(session.bulk().insert_posts(&missing)?)
        })
    }
}

type Around = (Vec<(UserId, UserId)>, Vec<User>, Vec<Post>);

/// What of the real database a batch of posts could run into: notes about ids,
/// authors, and posts with the same ids.
fn around(
    session: &mut dyn Session,
    batch: &[PostRecord],
    earnest: Option<(ImportId, ImportId)>,
) -> Result<Around, AppError> {
    let named: BTreeSet<UserId> = batch.iter().map(|new| new.user_id).collect();
    let noted = match earnest {
        Some((real, _)) => session.imports().noted_ids(real, &named)?,
        None => Default::default(),
    };
    let ids = batch.iter().filter_map(|new| new.id).collect();
    let posts = session.bulk().find_conflicting_posts(&ids)?;
    let mut authors = named;
    authors.extend(noted.values());
    authors.extend(posts.iter().map(|post| post.user_id));
    let authors = session
        .bulk()
        .find_conflicting_users(&authors, &BTreeSet::new())?;
    Ok((noted.into_iter().collect(), authors, posts))
}
