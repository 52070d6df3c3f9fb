//! Importing rows, a batch at a time.
//!
//! A batch is stored in one session together with the [`Checkpoint`] behind it,
//! so an import that is broken off anywhere goes on where it stands, and stores
//! nothing twice. Whether a row is refused depends on the rows before it and
//! on what is stored, never on how the rows are cut into batches.
//!
//! These are the operator's: no policy is asked.

mod plan;
mod repository;

use std::collections::{BTreeMap, BTreeSet};

use byline_domain::{
    Entity, LastVersion, PostFields, Relation, Stored, Timestamp, UserFields, UserId, Version,
};

use crate::crud::Resource;
use crate::{AppError, EntityRef, ImportedRow, RepositoryError, Session};

use plan::ImportPlan;
#[cfg(any(test, feature = "testing"))]
pub use repository::MockImportRepository;
pub use repository::{Checkpoint, Import, ImportId, ImportRepository, NewImport, Numbering};

/// What an import is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Under this name it notes how far it has come.
    pub id: ImportId,
    /// Under which ids it stores the rows.
    pub numbering: Numbering,
    /// What it does about rows that are there already.
    pub on_conflict: OnConflict,
    /// By the name of their entity, the imports that noted which ids the parents have here.
    pub parents: BTreeMap<&'static str, ImportId>,
}

/// What is done about a row that is there already: one with the same id where
/// ids are kept, else one with the same value of a field that must be unique.
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
    /// A row has its id.
    #[error("id: there is a {0} already")]
    IdTaken(EntityRef),
    /// Another row has its value of a field that must be unique.
    #[error("{0}: {1} has the same {0} already")]
    ValueTaken(&'static str, EntityRef),
    /// A row before it, which is yet to get an id, has its value of such a field.
    #[error("{0}: a row before this one has the same {0}")]
    ValueRepeated(&'static str),
    /// A parent with this id does not exist.
    #[error("{field}: there is no {parent} {1}", field = .0.field, parent = .0.parent)]
    ParentMissing(Relation, i64),
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

/// Stores a batch of rows.
///
/// # Errors
///
/// Those of the repositories; nothing is stored then.
pub fn rows<E: Resource>(
    session: &mut dyn Session,
    task: &Task,
    batch: &[ImportedRow<E>],
    step: &Step,
) -> Result<BatchOutcome, AppError> {
    if let Some(outcome) = already_handled(session, task, step)? {
        return Ok(outcome);
    }
    let mut parents = Vec::with_capacity(E::PARENTS.len());
    for relation in E::PARENTS {
        parents.push((*relation, parent_ids(session, task, *relation, batch)?));
    }
    let mut plan = ImportPlan::new(task, stored(session, task, batch)?);
    for (index, new) in batch.iter().enumerate() {
        let planned = with_parents(new, &parents).and_then(|new| plan.add(new));
        if let Err(refusal) = planned {
            plan.refused.push((index, refusal));
        }
    }
    if !plan.refused.is_empty() {
        return Ok(BatchOutcome::Refused(plan.refused));
    }
    let counts = plan.counts();
    plan.carry_out(session, task)?;
    advance(session, task, step)?;
    Ok(BatchOutcome::Stored(counts))
}

/// Returns what became of the batch already, if there is nothing left to do.
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

/// Returns the stored rows that those of the batch may be in conflict with.
fn stored<E: Resource>(
    session: &mut dyn Session,
    task: &Task,
    batch: &[ImportedRow<E>],
) -> Result<Vec<Stored<E>>, RepositoryError> {
    let ids: BTreeSet<_> = match task.numbering {
        Numbering::Anew => BTreeSet::new(),
        Numbering::Kept => batch.iter().filter_map(|new| new.id).collect(),
    };
    let values: BTreeSet<_> = batch
        .iter()
        .filter_map(|new| new.fields.unique_value())
        .collect();
    if ids.is_empty() && values.is_empty() {
        return Ok(Vec::new());
    }
    E::repository(session).find_conflicting(&ids, &values)
}

/// Returns the parents in `relation` that exist: their ids here, by those that the rows name.
fn parent_ids<E: Resource>(
    session: &mut dyn Session,
    task: &Task,
    relation: Relation,
    batch: &[ImportedRow<E>],
) -> Result<BTreeMap<i64, i64>, RepositoryError> {
    let named: BTreeSet<i64> = batch
        .iter()
        .filter_map(|new| new.fields.parent(relation))
        .collect();
    let ids = match task.parents.get(relation.parent) {
        Some(import) => session.imports().noted_ids(*import, &named)?,
        None => named.into_iter().map(|id| (id, id)).collect(),
    };
    let existing = existing(session, relation, &ids.values().copied().collect())?;
    let ids = ids.into_iter().filter(|(_, id)| existing.contains(id));
    Ok(ids.collect())
}

/// Returns those of these ids that a parent in `relation` has.
fn existing(
    session: &mut dyn Session,
    relation: Relation,
    ids: &BTreeSet<i64>,
) -> Result<BTreeSet<i64>, RepositoryError> {
    match relation.parent {
        UserFields::NAME => session.users().existing(ids),
        PostFields::NAME => session.posts().existing(ids),
        // Nothing else has children.
        _ => Ok(BTreeSet::new()),
    }
}

/// Returns the row with the ids that its parents have here.
///
/// # Errors
///
/// [`RowError::ParentMissing`]
fn with_parents<E: Resource>(
    new: &ImportedRow<E>,
    parents: &[(Relation, BTreeMap<i64, i64>)],
) -> Result<ImportedRow<E>, RowError> {
    let mut new = new.clone();
    for (relation, ids) in parents {
        let Some(named) = new.fields.parent(*relation) else {
            continue;
        };
        let id = ids.get(&named);
        let id = id.ok_or(RowError::ParentMissing(*relation, named))?;
        new.fields.set_parent(*relation, *id);
    }
    Ok(new)
}

/// Moves the import on; a quicker one has changed what was looked up.
fn advance(session: &mut dyn Session, task: &Task, step: &Step) -> Result<(), AppError> {
    let imports = session.imports();
    if imports.advance(task.id, step.from, &step.to, step.now)? {
        Ok(())
    } else {
        Err(AppError::Contention(None))
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
