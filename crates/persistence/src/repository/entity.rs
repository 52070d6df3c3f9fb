//! The repository of every entity.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use byline_application::{ImportedRow, ListQuery, Page, Repository, RepositoryError, SortKey};
use byline_domain::{Id, Stored, Timestamp, Version};

use super::dialect::{self, EngineTable};
use super::idempotency::fault;
use super::table::MOST_VALUES;
use super::{DieselSession, relations};
use crate::lists::scan::{self, IndexScan};
use crate::rows::{RowContext, RowMeta};

impl<E: EngineTable> Repository<E> for DieselSession<'_> {
    fn find(&mut self, id: Id<E>) -> Result<Option<Stored<E>>, RepositoryError> {
        let row = self.run(|connection| E::find(connection, id.get()))?;
        row.map(TryInto::try_into).transpose()
    }

    fn find_for_update(&mut self, id: Id<E>) -> Result<Option<Stored<E>>, RepositoryError> {
        let row = self.change(|connection| E::find_for_update(connection, id.get()))?;
        row.map(TryInto::try_into).transpose()
    }

    fn find_all(
        &mut self,
        ids: &BTreeSet<Id<E>>,
    ) -> Result<BTreeMap<Id<E>, Stored<E>>, RepositoryError> {
        let ids = ids.iter().map(|id| id.get()).collect();
        let rows = self.run(|connection| E::find_all(connection, ids))?;
        by_id(rows)
    }

    fn list(&mut self, query: &ListQuery<E>) -> Result<Page<Stored<E>>, RepositoryError> {
        let rows = self.run(|connection| E::list(connection, query))?;
        let backwards = query.window.seek.is_backwards();
        let mut page: Page<Stored<E>> = scan::page(rows, query.limit, backwards)?;
        if query.filter.as_ref().is_some_and(E::selects_one) {
            let scan = IndexScan::of(query.window.clone(), query.direction);
            page.items
                .retain(|row| scan.passes(query.sort.value(row), row.id.get()));
        }
        Ok(page)
    }

    fn count(&mut self, query: &ListQuery<E>) -> Result<u64, RepositoryError> {
        let count = self.run(|connection| E::count(connection, query))?;
        // `count(*)` is never negative.
        Ok(u64::try_from(count).unwrap_or_default())
    }

    fn insert(&mut self, new: &E, now: Timestamp) -> Result<Stored<E>, RepositoryError> {
        let row = E::new_row(new, RowMeta::new(now));
        let id = self.insert_one(
            |connection| dialect::insert::<E>(connection, &row),
            |connection| relations::missing_parent(connection, [new]),
        )?;
        Ok(new.clone().created(given(id)?, now))
    }

    fn insert_all(&mut self, new: &[E], now: Timestamp) -> Result<Vec<Stored<E>>, RepositoryError> {
        let meta = RowMeta::new(now);
        let rows: Vec<_> = new.iter().map(|new| E::new_row(new, meta)).collect();
        let ids = self.change_related(
            |connection| dialect::insert_all::<E>(connection, &rows),
            |connection| relations::missing_parent(connection, new),
        )?;
        iter::zip(new, ids)
            .map(|(new, id)| Ok(new.clone().created(given(id)?, now)))
            .collect()
    }

    fn update(&mut self, changed: &Stored<E>, from: Version) -> Result<bool, RepositoryError> {
        let rows = self.change_related(
            |connection| E::update(connection, changed, from),
            |connection| relations::missing_parent(connection, [&changed.fields]),
        )?;
        Ok(rows == 1)
    }

    fn delete(&mut self, id: Id<E>, from: Version) -> Result<bool, RepositoryError> {
        let rows = self.change_related(
            |connection| E::delete(connection, id.get(), from),
            |connection| relations::remaining_child::<E>(connection, &[id.get()]),
        )?;
        Ok(rows == 1)
    }

    fn delete_all(&mut self, filter: &E::Filter) -> Result<(), RepositoryError> {
        self.change_related(
            |connection| E::delete_all(connection, filter),
            |connection| {
                let ids = E::selected(connection, filter)?;
                relations::remaining_child::<E>(connection, &ids)
            },
        )?;
        Ok(())
    }

    fn rows_after(&mut self, after: i64, most: u32) -> Result<Vec<Stored<E>>, RepositoryError> {
        let rows = self.run(|connection| E::rows_after(connection, after, most))?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    fn find_conflicting(
        &mut self,
        ids: &BTreeSet<Id<E>>,
        unique_values: &BTreeSet<String>,
    ) -> Result<Vec<Stored<E>>, RepositoryError> {
        let mut rows = Vec::new();
        for ids in lists(ids.iter().map(|id| id.get())) {
            rows.extend(self.run(|connection| E::find_all(connection, ids))?);
        }
        for values in lists(unique_values.iter().map(String::as_str)) {
            rows.extend(self.run(|connection| E::find_by_unique_value(connection, values))?);
        }
        Ok(by_id(rows)?.into_values().collect())
    }

    fn existing(&mut self, ids: &BTreeSet<i64>) -> Result<BTreeSet<i64>, RepositoryError> {
        let mut found = BTreeSet::new();
        for ids in lists(ids.iter().copied()) {
            found.extend(self.run(|connection| E::existing(connection, ids))?);
        }
        Ok(found)
    }

    fn insert_rows(&mut self, rows: &[Stored<E>]) -> Result<(), RepositoryError> {
        let new = rows.iter().map(|row| {
            let meta = RowMeta::of(row.created_at, row.updated_at, row.version);
            (row.id.get(), E::new_row(&row.fields, meta))
        });
        let new: Vec<_> = new.collect();
        self.change_related(
            |connection| dialect::bulk::insert_rows::<E>(connection, &new),
            |connection| relations::missing_parent(connection, rows.iter().map(|row| &row.fields)),
        )
    }

    fn insert_with_new_ids(
        &mut self,
        rows: &[ImportedRow<E>],
    ) -> Result<Vec<Id<E>>, RepositoryError> {
        let new = rows.iter().map(|row| {
            let meta = RowMeta::of(row.created_at, row.updated_at, row.version);
            E::new_row(&row.fields, meta)
        });
        let new: Vec<_> = new.collect();
        let ids = self.change_related(
            |connection| dialect::bulk::insert_with_new_ids::<E>(connection, &new),
            |connection| relations::missing_parent(connection, rows.iter().map(|row| &row.fields)),
        )?;
        if ids.len() != rows.len() {
            return Err(fault("the database gave other ids than it was asked for"));
        }
        ids.into_iter().map(given).collect()
    }

    fn last_id(&mut self) -> Result<i64, RepositoryError> {
        self.run(dialect::bulk::last_id::<E>)
    }

    fn advance_id_sequence(&mut self, last: i64) -> Result<(), RepositoryError> {
        self.change(|connection| dialect::bulk::advance_id_sequence::<E>(connection, last))
    }
}

fn by_id<E: EngineTable>(rows: Vec<E::Row>) -> Result<BTreeMap<Id<E>, Stored<E>>, RepositoryError> {
    let rows = rows.into_iter().map(TryInto::try_into);
    rows.map(|row| row.map(|row: Stored<E>| (row.id, row)))
        .collect()
}

/// Returns the id that the engine gave a row.
fn given<E: EngineTable>(id: i64) -> Result<Id<E>, RepositoryError> {
    RowContext::of(E::NAME, id).check(Id::try_from(id))
}

/// Splits the values into lists for one statement each. Repeats the last value of a list until
/// its length is a power of two, so that there are few different statements: a server keeps
/// those that it has prepared.
pub(super) fn lists<T: Clone>(values: impl Iterator<Item = T>) -> Vec<Vec<T>> {
    let values: Vec<T> = values.collect();
    values
        .chunks(MOST_VALUES)
        .map(|chunk| {
            let mut list = chunk.to_vec();
            if let Some(last) = chunk.last() {
                list.resize(chunk.len().next_power_of_two(), last.clone());
            }
            list
        })
        .collect()
}
