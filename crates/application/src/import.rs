//! Importing users and posts, a batch at a time.
//!
//! A batch is stored in one session together with the [`Checkpoint`] behind it,
//! so an import that is broken off anywhere goes on where it stands, and stores
//! nothing twice. Whether a row is refused depends on the rows before it and
//! on what is stored, never on how the rows are cut into batches.
//!
//! These are the operator's: no policy is asked.

mod posts;
mod repository;
mod users;

use byline_domain::{LastVersion, PostId, Timestamp, UserId, Version};

use crate::{AppError, RepositoryError, Session};

pub use posts::posts;
#[cfg(any(test, feature = "testing"))]
pub use repository::MockImportRepository;
pub use repository::{Checkpoint, Import, ImportId, ImportRepository, NewImport, Numbering, Rows};
pub use users::users;

/// What an import is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Under this name it notes how far it has come.
    pub id: ImportId,
    /// Under which ids it stores the rows.
    pub numbering: Numbering,
    /// What it does about rows that are there already.
    pub on_conflict: OnConflict,
    /// See [`NewImport::authors`].
    pub authors: Option<ImportId>,
}

/// What is done about a row that is there already: one with the same id where
/// ids are kept, else a user with the same e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// The new one is refused.
    Fail,
    /// The new one is left out.
    Skip,
    /// What is different is written over the old one, which gets a version that
    /// neither of the two had.
    Update,
}

/// From where to where a batch brings an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands, in bytes.
    pub from: u64,
    /// Where it stands once the batch is stored.
    pub to: Checkpoint,
    /// When that is.
    pub now: Timestamp,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchOutcome {
    /// It is stored.
    Stored(ImportCounts),
    /// It had been stored before.
    Known,
    /// Nothing of it is stored, because of these rows of it, counted from 0.
    Refused(Vec<(usize, RowError)>),
    /// Nothing of it is stored: the import is somewhere else. Somebody else
    /// carries it out at the same time.
    Elsewhere,
}

/// How many rows had which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that were written over old ones.
    pub updated: u64,
    /// Rows that are there already, and left out or the same.
    pub skipped: u64,
}

/// Why a row cannot be stored. `Display` is a sentence for a person, beginning
/// with what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Ids are kept, and it has none.
    #[error("id: is missing; rows keep their ids unless they are numbered anew")]
    NoId,
    /// With its id, the database would have few ids left to give.
    #[error("id: must be at most {max}, so that ids are left for further rows; or number the rows anew", max = UserId::MAX_IMPORTED)]
    IdTooHigh,
    /// With its version, the row could not be changed often.
    #[error("version: must be at most {max}, so that versions are left for changes", max = Version::MAX_IMPORTED.get())]
    VersionTooHigh,
    /// The row that it is written over is in the last version that there can be.
    #[error("version: the row that is there is in the last version that there can be")]
    LastVersion,
    /// A user has its id.
    #[error("id: there is a user {0} already")]
    UserTaken(UserId),
    /// A post has its id.
    #[error("id: there is a post {0} already")]
    PostTaken(PostId),
    /// Another user has its e-mail address.
    #[error("email: user {0} has this address already")]
    EmailTaken(UserId),
    /// A row before it, which is yet to get an id, has its e-mail address.
    #[error("email: a row before this one has the same address")]
    EmailRepeated,
    /// Nobody has the id of its author.
    #[error("user_id: there is no user {0} who could be the author")]
    NoAuthor(UserId),
}

impl ImportCounts {
    /// Adds what became of further rows.
    pub const fn add(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.skipped += other.skipped;
    }

    /// All rows.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.inserted + self.updated + self.skipped
    }
}

impl From<LastVersion> for RowError {
    fn from(_: LastVersion) -> Self {
        Self::LastVersion
    }
}

/// # Errors
///
/// [`RowError::VersionTooHigh`]
fn check_version(version: Version) -> Result<(), RowError> {
    if version <= Version::MAX_IMPORTED {
        Ok(())
    } else {
        Err(RowError::VersionTooHigh)
    }
}

/// What became of the batch already, if there is nothing left to do.
fn already_handled(
    session: &mut dyn Session,
    task: &Task,
    step: &Step,
) -> Result<Option<BatchOutcome>, AppError> {
    Ok(match session.imports().position(task.id)? {
        Some(position) if position.bytes == step.from => None,
        Some(position) if position == step.to => Some(BatchOutcome::Known),
        _ => Some(BatchOutcome::Elsewhere),
    })
}

/// Moves the import on; whoever was quicker has changed what was looked up.
fn advance(session: &mut dyn Session, task: &Task, step: &Step) -> Result<(), AppError> {
    let imports = session.imports();
    if imports.advance(task.id, step.from, &step.to, step.now)? {
        Ok(())
    } else {
        Err(AppError::Contention(None))
    }
}

/// What an error of a change means after everything was looked up: somebody
/// else got in between.
fn raced(error: RepositoryError) -> AppError {
    match error {
        RepositoryError::Duplicate(_) | RepositoryError::MissingReference(_) => {
            AppError::Contention(None)
        }
        other => other.into(),
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
