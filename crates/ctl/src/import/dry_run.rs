//! A dry run: the import into a database of its own.
//!
//! Ahead of each batch, everything that the batch could be in conflict with is copied there from
//! the real database. So a dry run finds what the import would find, also conflicts among the
//! rows themselves, and the real database is only read.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use byline_application::import::{Checkpoint, ImportId, NewImport, Numbering, Task};
use byline_application::{AppError, ImportedRow, Session};
use byline_domain::{Entity as _, Id, Stored, Timestamp};
use byline_persistence::{DatabaseUrl, migrations};
use tempfile::TempDir;

use crate::failure::Failure;
use crate::transfer::{
    BlockingStore, Columns, Rows, Table, advance_id_sequences, for_each_entity, last_ids,
};

/// The database of a dry run; removed with the value.
pub(super) struct DryRunDatabase {
    // Closed before its folder is removed.
    pub(super) store: BlockingStore,
    _folder: TempDir,
    /// The imports here that go on with one of the real database: that one, by their ids. It has
    /// noted ids of rows that it has stored.
    real_imports: RefCell<BTreeMap<ImportId, ImportId>>,
}

impl DryRunDatabase {
    /// Makes an empty database, whose new ids are those that `real` would give.
    pub(super) fn of(real: &BlockingStore) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("bylinectl-").tempdir();
        let folder = folder.map_err(Failure::System)?;
        let url = DatabaseUrl::sqlite(folder.path().join("rehearsal.db"));
        migrations::migrate(&url)?;
        let store = BlockingStore::open(&url)?;
        let last = real.read(|session| Ok(last_ids(session)?))?;
        store.write(move |session| Ok(advance_id_sequences(session, &last)?))?;
        Ok(Self {
            store,
            _folder: folder,
            real_imports: RefCell::default(),
        })
    }

    /// Begins an import at `position`, which is that of `real` if it goes on with that.
    pub(super) fn begin(
        &self,
        begun: NewImport,
        position: Checkpoint,
        real: Option<ImportId>,
        now: Timestamp,
    ) -> Result<ImportId, Failure> {
        // The parents' import may have another id here, and is in the task.
        let begun = NewImport {
            parents: None,
            ..begun
        };
        let id = self.store.write(move |session| {
            let imports = session.imports();
            let id = imports.begin(&begun, now)?;
            imports.advance(id, 0, &position, now)?;
            Ok(id)
        })?;
        if let Some(real) = real {
            self.real_imports.borrow_mut().insert(id, real);
        }
        Ok(id)
    }

    /// Returns the imports here that stand for these of the real database.
    pub(super) fn parents(
        &self,
        real: BTreeMap<&'static str, ImportId>,
        now: Timestamp,
    ) -> Result<BTreeMap<&'static str, ImportId>, Failure> {
        let import = |(parent, real)| {
            let is_real = |(id, of): (&ImportId, &ImportId)| (*of == real).then_some(*id);
            let known = self.real_imports.borrow().iter().find_map(is_real);
            let begun = NewImport {
                rows: Table::named(parent).map_or(parent, |table| table.plural),
                numbering: Numbering::Anew,
                parents: None,
            };
            let begin = || self.begin(begun, Checkpoint::START, Some(real), now);
            Ok((parent, known.map_or_else(begin, Ok)?))
        };
        real.into_iter().map(import).collect()
    }

    /// Copies what a batch could be in conflict with.
    pub(super) fn prepare<E: Columns>(
        &self,
        real: &BlockingStore,
        batch: &Arc<Vec<ImportedRow<E>>>,
        task: &Task,
    ) -> Result<(), Failure> {
        let real_imports = self.real_imports.borrow();
        let imports: BTreeMap<_, _> = task
            .parents
            .iter()
            .filter_map(|(parent, id)| Some((*parent, (*id, *real_imports.get(id)?))))
            .collect();
        drop(real_imports);
        let batch = Arc::clone(batch);
        let found = real.read(move |session| {
            let mut found = ConflictingData::default();
            found.add_batch(session, &batch, &imports)?;
            Ok(found)
        })?;
        if found.rows.is_empty() && found.notes.is_empty() {
            return Ok(());
        }
        self.store.write(move |session| {
            for rows in &found.rows {
                rows.insert_missing(session)?;
            }
            for (import, notes) in &found.notes {
                session.imports().note_ids(*import, notes)?;
            }
            Ok(())
        })
    }
}

/// The part of the real database that a batch could conflict with.
#[derive(Default)]
struct ConflictingData {
    /// Rows, parents before their children.
    rows: Vec<Box<dyn Rows>>,
    /// Notes about ids, by the import here.
    notes: Vec<(ImportId, Vec<(i64, i64)>)>,
}

impl ConflictingData {
    /// Adds the rows with the ids or unique values of the batch, and the parents of the batch.
    /// `imports` has the imports of parents, by their entities: the one here, and the real one.
    fn add_batch<E: Columns>(
        &mut self,
        session: &mut dyn Session,
        batch: &[ImportedRow<E>],
        imports: &BTreeMap<&'static str, (ImportId, ImportId)>,
    ) -> Result<(), AppError> {
        for relation in E::PARENTS {
            let named = batch.iter().filter_map(|new| new.fields.parent(*relation));
            let mut named: BTreeSet<i64> = named.collect();
            if let Some((here, real)) = imports.get(relation.parent) {
                let noted = session.imports().noted_ids(*real, &named)?;
                named.extend(noted.values());
                if !noted.is_empty() {
                    self.notes.push((*here, noted.into_iter().collect()));
                }
            }
            self.add_parents(session, relation.parent, &named)?;
        }
        let ids = batch.iter().filter_map(|new| new.id).collect();
        let values = batch.iter().filter_map(|new| new.fields.unique_value());
        let rows = E::repository(session).find_conflicting(&ids, &values.collect())?;
        self.add_rows(session, rows)
    }

    /// Adds the rows of the entity `parent` with these ids.
    fn add_parents(
        &mut self,
        session: &mut dyn Session,
        parent: &str,
        ids: &BTreeSet<i64>,
    ) -> Result<(), AppError> {
        type Add =
            fn(&mut ConflictingData, &mut dyn Session, &BTreeSet<i64>) -> Result<(), AppError>;
        let add: &[(&str, Add)] = &for_each_entity!(E => (E::NAME, Self::add_ids::<E>));
        match add.iter().find(|(name, _)| *name == parent) {
            Some((_, add)) if !ids.is_empty() => add(self, session, ids),
            _ => Ok(()),
        }
    }

    fn add_ids<E: Columns>(
        &mut self,
        session: &mut dyn Session,
        ids: &BTreeSet<i64>,
    ) -> Result<(), AppError> {
        let ids = ids.iter().filter_map(|id| Id::try_from(*id).ok()).collect();
        let rows = E::repository(session).find_conflicting(&ids, &BTreeSet::new())?;
        self.add_rows::<E>(session, rows)
    }

    /// Adds rows, behind their parents.
    fn add_rows<E: Columns>(
        &mut self,
        session: &mut dyn Session,
        rows: Vec<Stored<E>>,
    ) -> Result<(), AppError> {
        for relation in E::PARENTS {
            let ids = rows.iter().filter_map(|row| row.fields.parent(*relation));
            self.add_parents(session, relation.parent, &ids.collect())?;
        }
        if !rows.is_empty() {
            self.rows.push(Box::new(rows));
        }
        Ok(())
    }
}
