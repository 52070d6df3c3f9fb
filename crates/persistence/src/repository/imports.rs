use std::collections::{BTreeMap, BTreeSet};

use byline_application::import::{
    Checkpoint, Import, ImportId, ImportRepository, NewImport, Numbering,
};
use byline_application::{Digest, RepositoryError};
use byline_domain::Timestamp;
use diesel::prelude::*;

use super::entity::lists;
use super::{DieselSession, dialect};
use crate::rows::{NewImportRow, RowContext};
use crate::schema::{import_ids, imports};

/// A row of `imports`.
#[derive(Queryable, Selectable)]
#[diesel(table_name = imports)]
struct ImportRow {
    id: i64,
    numbering: String,
    authors: Option<i64>,
    bytes: i64,
    line_count: i64,
    digest: Vec<u8>,
}

impl ImportRepository for DieselSession<'_> {
    fn begin(&mut self, import: &NewImport, now: Timestamp) -> Result<ImportId, RepositoryError> {
        let row = NewImportRow {
            what: import.rows,
            numbering: numbering(import.numbering),
            authors: import.parents.map(ImportId::get),
            bytes: 0,
            line_count: 0,
            digest: Checkpoint::START.digest.as_bytes().to_vec(),
            updated_at: now.as_micros(),
        };
        let id = self.change(|connection| dialect::bulk::insert_import(connection, &row))?;
        Ok(id.into())
    }

    fn list(&mut self, rows: &'static str) -> Result<Vec<Import>, RepositoryError> {
        let found: Vec<ImportRow> = self.run(|connection| {
            imports::table
                .filter(imports::what.eq(rows))
                .filter(imports::bytes.gt(0))
                .order(imports::id.desc())
                .select(ImportRow::as_select())
                .load(connection)
        })?;
        found.into_iter().map(|row| row.import(rows)).collect()
    }

    fn position(&mut self, import: ImportId) -> Result<Option<Checkpoint>, RepositoryError> {
        let row: Option<ImportRow> = self.run(|connection| {
            imports::table
                .find(import.get())
                .select(ImportRow::as_select())
                .first(connection)
                .optional()
        })?;
        row.map(|row| row.position()).transpose()
    }

    fn advance(
        &mut self,
        import: ImportId,
        from: u64,
        to: &Checkpoint,
        now: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let rows = self.change(|connection| {
            diesel::update(imports::table.find(import.get()))
                .filter(imports::bytes.eq(stored(from)))
                .set((
                    imports::bytes.eq(stored(to.bytes)),
                    imports::line_count.eq(stored(to.lines)),
                    imports::digest.eq(to.digest.as_bytes().as_slice()),
                    imports::updated_at.eq(now.as_micros()),
                ))
                .execute(connection)
        })?;
        Ok(rows == 1)
    }

    fn note_ids(&mut self, import: ImportId, ids: &[(i64, i64)]) -> Result<(), RepositoryError> {
        // The last note about an id replaces earlier ones.
        let ids: BTreeMap<_, _> = ids.iter().copied().collect();
        for list in lists(ids.into_iter()) {
            let rows: Vec<_> = list
                .into_iter()
                .map(|(given, id)| {
                    (
                        import_ids::import_id.eq(import.get()),
                        import_ids::given_id.eq(given),
                        import_ids::stored_id.eq(id),
                    )
                })
                .collect();
            self.change(|connection| {
                diesel::replace_into(import_ids::table)
                    .values(rows)
                    .execute(connection)
            })?;
        }
        Ok(())
    }

    fn noted_ids(
        &mut self,
        import: ImportId,
        ids: &BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, i64>, RepositoryError> {
        let mut found = BTreeMap::new();
        for list in lists(ids.iter().copied()) {
            let rows: Vec<(i64, i64)> = self.run(|connection| {
                import_ids::table
                    .filter(import_ids::import_id.eq(import.get()))
                    .filter(import_ids::given_id.eq_any(list))
                    .select((import_ids::given_id, import_ids::stored_id))
                    .load(connection)
            })?;
            found.extend(rows);
        }
        Ok(found)
    }

    fn forget_ids(&mut self, import: ImportId, most: u16) -> Result<u16, RepositoryError> {
        let of_import = import_ids::import_id.eq(import.get());
        let ids: Vec<i64> = self.run(|connection| {
            import_ids::table
                .filter(of_import)
                .order(import_ids::given_id)
                .limit(i64::from(most))
                .select(import_ids::given_id)
                .load(connection)
        })?;
        let Some(last) = ids.last() else {
            return Ok(0);
        };
        let rows = self.change(|connection| {
            diesel::delete(import_ids::table)
                .filter(of_import)
                .filter(import_ids::given_id.le(last))
                .execute(connection)
        })?;
        Ok(u16::try_from(rows).unwrap_or(most))
    }
}

impl ImportRow {
    fn import(self, rows: &'static str) -> Result<Import, RepositoryError> {
        Ok(Import {
            id: self.id.into(),
            begun: NewImport {
                rows,
                numbering: match self.numbering.as_str() {
                    "anew" => Numbering::Anew,
                    _ => Numbering::Kept,
                },
                parents: self.authors.map(ImportId::from),
            },
            position: self.position()?,
        })
    }

    fn position(&self) -> Result<Checkpoint, RepositoryError> {
        let context = RowContext::of("import", self.id);
        let digest = <[u8; Digest::LENGTH]>::try_from(self.digest.as_slice());
        Ok(Checkpoint {
            bytes: context.check(u64::try_from(self.bytes))?,
            lines: context.check(u64::try_from(self.line_count))?,
            digest: context.check(digest)?.into(),
        })
    }
}

fn numbering(numbering: Numbering) -> &'static str {
    match numbering {
        Numbering::Kept => "kept",
        Numbering::Anew => "anew",
    }
}

/// Returns the number as the engines store it. No file is longer than they can count.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
