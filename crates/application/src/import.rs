//! Imports of rows from another database, a batch at a time.
//!
//! A batch is stored in one session together with the [`Checkpoint`] after it. An import that
//! is interrupted resumes there and stores no row twice. Whether a row is refused depends on
//! the rows before it and on what is stored, never on how the rows are split into batches.
//!
//! For operators: no policy is asked.

mod plan;
mod repository;

use std::collections::{BTreeMap, BTreeSet};

use byline_domain::{Entity, LastVersion, Relation, Stored, Timestamp, UserId, Version};

use crate::crud::Resource;
use crate::{AppError, EntityRef, ImportedRow, RepositoryError, Session};

use plan::ImportPlan;
#[cfg(any(test, feature = "testing"))]
pub use repository::MockImportRepository;
pub use repository::{Checkpoint, Import, ImportId, ImportRepository, NewImport, Numbering};

/// The options of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its id, under which its checkpoint is stored.
    pub id: ImportId,
    /// The ids under which it stores the rows.
    pub numbering: Numbering,
    /// What it does with rows that conflict with existing ones.
    pub on_conflict: OnConflict,
    /// The imports that noted the new ids of the parents, by the name of their entity.
    pub parents: BTreeMap<&'static str, ImportId>,
}

/// What is done with a row that conflicts with an existing one: one with the same id if ids are
/// kept, or with the same value of a field that must be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// The new row is refused.
    Fail,
    /// The new row is skipped.
    Skip,
    /// If the new row differs, it is written over the old one, in a version that neither of the
    /// two had.
    Update,
}

/// The part of the file that a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where the batch begins, in bytes.
    pub from: u64,
    /// The checkpoint after the batch.
    pub to: Checkpoint,
    /// The present time.
    pub now: Timestamp,
}

/// The outcome of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchOutcome {
    /// It is stored.
    Stored(ImportCounts),
    /// It was stored before.
    Known,
    /// Nothing of it is stored, because of the rows with these indexes, from 0.
    Refused(Vec<(usize, RowError)>),
    /// Nothing of it is stored, because the import has another checkpoint: another process
    /// carries it out at the same time.
    Elsewhere,
}

/// The numbers of rows that were inserted, updated and skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that were written over existing ones.
    pub updated: u64,
    /// Rows that were skipped, or equal existing ones.
    pub skipped: u64,
}

/// The reason why a row cannot be stored. `Display` is a sentence for a person that begins with
/// the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Ids are kept, and the row has none.
    #[error("id: is missing; rows keep their ids unless they are numbered anew")]
    NoId,
    /// Its id would leave few ids for the database to give.
    #[error("id: must be at most {max}, so that ids are left for further rows; or number the rows anew", max = UserId::MAX_IMPORTED)]
    IdTooHigh,
    /// Its version would leave few versions for changes.
    #[error("version: must be at most {max}, so that versions are left for changes", max = Version::MAX_IMPORTED.get())]
    VersionTooHigh,
    /// The existing row is in its last version and cannot be written over.
    #[error("version: the row that is there is in the last version that there can be")]
    LastVersion,
    /// Another row has its id.
    #[error("id: there is a {0} already")]
    IdTaken(EntityRef),
    /// Another row has its value of a field that must be unique.
    #[error("{0}: {1} has the same {0} already")]
    ValueTaken(&'static str, EntityRef),
    /// An earlier row of the import, which has no id yet, has its value of such a field.
    #[error("{0}: a row before this one has the same {0}")]
    ValueRepeated(&'static str),
    /// A parent with this id does not exist.
    #[error("{field}: there is no {parent} {1}", field = .0.field, parent = .0.parent)]
    ParentMissing(Relation, i64),
}

impl ImportCounts {
    /// Adds the counts of further rows.
    pub const fn add(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.skipped += other.skipped;
    }

    /// Returns the number of all rows.
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
/// Those of the store; nothing is stored then.
pub fn rows<E: Resource>(
    session: &mut dyn Session,
    task: &Task,
    batch: &[ImportedRow<E>],
    step: &Step,
) -> Result<BatchOutcome, AppError> {
    match session.imports().position(task.id)? {
        Some(position) if position.bytes == step.from => {}
        Some(position) if position == step.to => return Ok(BatchOutcome::Known),
        _ => return Ok(BatchOutcome::Elsewhere),
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
    let imports = session.imports();
    if !imports.advance(task.id, step.from, &step.to, step.now)? {
        // Another session moved the import on.
        return Err(AppError::Contention(None));
    }
    Ok(BatchOutcome::Stored(counts))
}

/// Returns the stored rows with which those of the batch may conflict.
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

/// Returns the ids of the existing parents in `relation`, by the ids that the rows name.
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

/// Returns the ids among these that are ids of parents in `relation`.
fn existing(
    session: &mut dyn Session,
    relation: Relation,
    ids: &BTreeSet<i64>,
) -> Result<BTreeSet<i64>, RepositoryError> {
    macro_rules! look_up {
        ($($variant:ident $entity:ident,)+) => {
            $(if relation.parent == byline_domain::$entity::NAME {
                return byline_domain::$entity::repository(session).existing(ids);
            })+
        };
    }
    byline_domain::entities!(look_up!);
    Ok(BTreeSet::new())
}

/// Returns the row with the ids that its parents have here.
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

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
