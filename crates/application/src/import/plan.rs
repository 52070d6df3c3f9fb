use std::collections::{BTreeMap, HashMap};

use byline_domain::{Id, Stored, Version};

use super::{ImportCounts, Numbering, OnConflict, RowError, Task, count};
use crate::crud::Resource;
use crate::{AppError, EntityRef, ImportedRow, RepositoryError, Session};

/// The changes that store a batch: the same as if its rows were stored one after the other.
pub(super) struct ImportPlan<E: Resource> {
    keeps_ids: bool,
    on_conflict: OnConflict,
    existing: Vec<Existing<E>>,
    inserts: Vec<ImportedRow<E>>,
    by_id: BTreeMap<Id<E>, Slot>,
    by_unique_value: HashMap<String, Slot>,
    /// The rows that cannot be stored, by their index in the batch.
    pub(super) refused: Vec<(usize, RowError)>,
    skipped: usize,
    updated: usize,
    /// The rows that come with ids which are not kept, by these ids.
    given_ids: Vec<(i64, Slot)>,
}

/// A row that is stored.
struct Existing<E: Resource> {
    row: Stored<E>,
    /// The version in which it is stored, if it is to be changed.
    from: Option<Version>,
}

/// The place of a row with which a new one may conflict.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Existing(usize),
    Insert(usize),
}

impl<E: Resource> ImportPlan<E> {
    pub(super) fn new(task: &Task, existing: Vec<Stored<E>>) -> Self {
        let slots = || (0..).map(Slot::Existing).zip(&existing);
        Self {
            keeps_ids: task.numbering == Numbering::Kept,
            on_conflict: task.on_conflict,
            by_id: slots().map(|(slot, row)| (row.id, slot)).collect(),
            by_unique_value: slots()
                .filter_map(|(slot, row)| Some((row.fields.unique_value()?, slot)))
                .collect(),
            existing: existing
                .into_iter()
                .map(|row| Existing { row, from: None })
                .collect(),
            inserts: Vec::new(),
            refused: Vec::new(),
            skipped: 0,
            updated: 0,
            given_ids: Vec::new(),
        }
    }

    /// Adds `new` to the plan, unless it cannot be stored.
    pub(super) fn add(&mut self, new: ImportedRow<E>) -> Result<(), RowError> {
        let by_id = match new.id {
            None if self.keeps_ids => return Err(RowError::NoId),
            Some(id) if self.keeps_ids => self.by_id.get(&id).copied(),
            _ => None,
        };
        let value = new.fields.unique_value();
        let by_value = value.and_then(|value| self.by_unique_value.get(&value).copied());
        let same = match (by_id, by_value) {
            (None, None) => return self.insert(new),
            (Some(same), None) => same,
            (Some(same), Some(other)) if same == other => same,
            (None, Some(same)) if !self.keeps_ids => same,
            // Two existing rows conflict, or another row than the one with the id.
            (_, Some(_)) if self.on_conflict == OnConflict::Skip => {
                self.skipped += 1;
                return Ok(());
            }
            (_, Some(other)) => return Err(self.value_taken(other)),
        };
        match self.on_conflict {
            OnConflict::Fail => match (by_id, new.id) {
                (Some(_), Some(id)) => return Err(RowError::IdTaken(id.into())),
                _ => return Err(self.value_taken(same)),
            },
            OnConflict::Skip => {
                self.skipped += 1;
                self.note_id(&new, same);
            }
            OnConflict::Update => {
                self.note_id(&new, same);
                self.overwrite(same, new)?;
            }
        }
        Ok(())
    }

    fn insert(&mut self, new: ImportedRow<E>) -> Result<(), RowError> {
        check_version(new.version)?;
        if self.keeps_ids && new.id > Some(Id::MAX_IMPORTED) {
            return Err(RowError::IdTooHigh);
        }
        let slot = Slot::Insert(self.inserts.len());
        if let (true, Some(id)) = (self.keeps_ids, new.id) {
            self.by_id.insert(id, slot);
        }
        if let Some(value) = new.fields.unique_value() {
            self.by_unique_value.insert(value, slot);
        }
        self.note_id(&new, slot);
        self.inserts.push(new);
        Ok(())
    }

    /// Returns the error for a row whose unique value the one at `slot` has.
    fn value_taken(&self, slot: Slot) -> RowError {
        let id = match slot {
            Slot::Existing(at) => self.existing.get(at).map(|existing| existing.row.id),
            Slot::Insert(at) if self.keeps_ids => self.inserts.get(at).and_then(|new| new.id),
            Slot::Insert(_) => None,
        };
        let field = E::UNIQUE_FIELD.unwrap_or_default();
        match id {
            Some(id) => RowError::ValueTaken(field, EntityRef::from(id)),
            None => RowError::ValueRepeated(field),
        }
    }

    fn overwrite(&mut self, slot: Slot, new: ImportedRow<E>) -> Result<(), RowError> {
        let new_value = new.fields.unique_value();
        let old_value = match slot {
            Slot::Insert(at) => {
                check_version(new.version)?;
                let Some(insert) = self.inserts.get_mut(at) else {
                    return Ok(());
                };
                let old_value = insert.fields.unique_value();
                let id = insert.id;
                *insert = ImportedRow { id, ..new };
                old_value
            }
            Slot::Existing(at) => {
                let Some(Existing { row, from }) = self.existing.get_mut(at) else {
                    return Ok(());
                };
                if row.fields == new.fields {
                    self.skipped += 1;
                    return Ok(());
                }
                check_version(new.version)?;
                let version = row.version.next()?.max(new.version);
                let old_value = row.fields.unique_value();
                from.get_or_insert(row.version);
                row.fields = new.fields;
                row.updated_at = row.updated_at.max(new.updated_at);
                row.version = version;
                old_value
            }
        };
        if let Some(value) = old_value {
            self.by_unique_value.remove(&value);
        }
        if let Some(value) = new_value {
            self.by_unique_value.insert(value, slot);
        }
        self.updated += 1;
        Ok(())
    }

    /// Notes the id of a row that children may name as their parent.
    fn note_id(&mut self, new: &ImportedRow<E>, slot: Slot) {
        if let (false, false, Some(given)) = (self.keeps_ids, E::CHILDREN.is_empty(), new.id) {
            self.given_ids.push((given.get(), slot));
        }
    }

    pub(super) fn counts(&self) -> ImportCounts {
        ImportCounts {
            inserted: count(self.inserts.len()),
            updated: count(self.updated),
            skipped: count(self.skipped),
        }
    }

    /// Carries the plan out. Changes come first: a unique value that a change gives up may be
    /// that of a new row.
    pub(super) fn carry_out(self, session: &mut dyn Session, task: &Task) -> Result<(), AppError> {
        for Existing { row, from } in &self.existing {
            if let Some(from) = *from
                && !E::repository(session).update(row, from).map_err(raced)?
            {
                return Err(AppError::Contention(None));
            }
        }
        if self.keeps_ids {
            let rows = self.inserts.into_iter();
            let rows: Vec<_> = rows
                .filter_map(|new| new.id.map(|id| new.under(id)))
                .collect();
            return E::repository(session).insert_rows(&rows).map_err(raced);
        }
        let new_ids = E::repository(session).insert_with_new_ids(&self.inserts);
        let new_ids = new_ids.map_err(raced)?;
        let stored = |slot| match slot {
            Slot::Existing(at) => self.existing.get(at).map(|existing| existing.row.id),
            Slot::Insert(at) => new_ids.get(at).copied(),
        };
        let ids: Vec<_> = self
            .given_ids
            .iter()
            .filter_map(|&(given, slot)| Some((given, stored(slot)?.get())))
            .collect();
        if !ids.is_empty() {
            session.imports().note_ids(task.id, &ids)?;
        }
        Ok(())
    }
}

/// Checks that versions are left for changes.
fn check_version(version: Version) -> Result<(), RowError> {
    if version <= Version::MAX_IMPORTED {
        Ok(())
    } else {
        Err(RowError::VersionTooHigh)
    }
}

/// Returns the meaning of an error of a change. Conflicts were looked up before, so another
/// session has stored or deleted a row meanwhile.
fn raced(error: RepositoryError) -> AppError {
    match error {
        RepositoryError::Duplicate(_) | RepositoryError::MissingReference(_) => {
            AppError::Contention(None)
        }
        other => other.into(),
    }
}
