//! Inserts many rows by one statement: each statement is a round trip.

use byline_domain::{Id, Text, Timestamp, Version};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::result::Error;
use diesel::sql_types::{self, BigInt};

use super::super::Connection;
use super::{EngineTable, inserted_id};
use crate::mysql::connection::packet::MOST_BYTES;
use crate::rows::{NewImportRow, RowMeta};
use crate::schema::imports;

/// The most rows in a statement.
const MOST_ROWS: usize = 256;

/// Inserts the rows under these ids.
pub(in crate::mysql) fn insert_rows<E: EngineTable>(
    connection: &mut Connection,
    rows: &[(i64, E::New<'_>)],
) -> QueryResult<()> {
    for part in parts(rows, |(_, row)| E::size(row)) {
        E::insert_all_under(connection, part)?;
    }
    Ok(())
}

/// Inserts the rows under new ids, and returns these in the order of the rows.
pub(in crate::mysql) fn insert_with_new_ids<E: EngineTable>(
    connection: &mut Connection,
    rows: &[E::New<'_>],
) -> QueryResult<Vec<i64>> {
    let mut ids = Vec::with_capacity(rows.len());
    for part in parts(rows, E::size) {
        ids.extend(super::insert_all::<E>(connection, part)?);
    }
    Ok(ids)
}

/// Inserts the row and returns its id.
pub(in crate::mysql) fn insert_import(
    connection: &mut Connection,
    row: &NewImportRow,
) -> QueryResult<i64> {
    inserted_id(connection, diesel::insert_into(imports::table).values(row))
}

/// Splits the rows into parts for one statement each. The length of a part is a power of two, so
/// that there are few different statements: the server keeps those that it has prepared.
fn parts<T>(rows: &[T], size: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut parts = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(MOST_ROWS).take_while(|row| {
            bytes += size(row);
            bytes <= MOST_BYTES
        });
        let fitting = fitting.count().max(1);
        let (part, behind) = rest.split_at(1 << fitting.ilog2());
        parts.push(part);
        rest = behind;
    }
    parts
}

/// Returns the greatest id that was ever given, as far as the server remembers; without a counter,
/// the greatest id of a row.
pub(in crate::mysql) fn last_id<E: EngineTable>(connection: &mut Connection) -> QueryResult<i64> {
    let next: Option<i64> = sql::<BigInt>(COUNTER)
        .bind::<sql_types::Text, _>(E::PLURAL)
        .get_result(connection)
        .optional()?;
    let greatest = E::greatest_id(connection)?;
    Ok(greatest.unwrap_or(0).max(next.map_or(0, |next| next - 1)))
}

const COUNTER: &str = "SELECT CAST(COALESCE(AUTO_INCREMENT, 1) AS SIGNED) \
    FROM information_schema.TABLES \
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ";

/// Lets `AUTO_INCREMENT` continue after this id, by a row that is inserted and deleted. Unlike
/// `ALTER TABLE`, that is part of the transaction.
pub(in crate::mysql) fn advance_id_sequence<E: EngineTable>(
    connection: &mut Connection,
    last: i64,
) -> QueryResult<()> {
    if last_id::<E>(connection)? >= last {
        return Ok(());
    }
    let mut placeholders = Placeholders::default();
    placeholders.insert::<E>(connection, last)?;
    placeholders.delete(connection)
}

/// Rows that exist for a moment only, children after their parents.
#[derive(Default)]
pub(crate) struct Placeholders(Vec<Deletion>);

type Deletion = (fn(&mut Connection, i64, Version) -> QueryResult<usize>, i64);

impl Placeholders {
    fn insert<E: EngineTable>(&mut self, connection: &mut Connection, id: i64) -> QueryResult<()> {
        let fields = E::placeholder(connection, &format!("{id}@retired.invalid"), self)?;
        let epoch = Timestamp::from_micros(0).map_err(unfit)?;
        let row = E::new_row(&fields, RowMeta::new(epoch));
        E::insert_all_under(connection, &[(id, row)])?;
        self.0.push((E::delete, id));
        Ok(())
    }

    /// Returns the id of any row. Inserts a placeholder if there is none.
    pub(crate) fn any_row<E: EngineTable>(
        &mut self,
        connection: &mut Connection,
    ) -> QueryResult<Id<E>> {
        let id = match E::greatest_id(connection)? {
            Some(id) => id,
            None => {
                let id = last_id::<E>(connection)? + 1;
                self.insert::<E>(connection, id)?;
                id
            }
        };
        Id::try_from(id).map_err(unfit)
    }

    fn delete(self, connection: &mut Connection) -> QueryResult<()> {
        for (delete, id) in self.0.into_iter().rev() {
            delete(connection, id, Version::FIRST)?;
        }
        Ok(())
    }
}

/// Returns the text of a placeholder.
pub(crate) fn parsed<T: Text>(text: &str) -> QueryResult<T> {
    T::parse(text.to_owned()).map_err(unfit)
}

fn unfit(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::SerializationError(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_powers_of_two_and_hold_every_row_once() {
        for (rows, sizes) in [
            (0, vec![]),
            (1, vec![1]),
            (700, vec![256, 256, 128, 32, 16, 8, 4]),
        ] {
            let rows: Vec<usize> = (0..rows).collect();
            let parts = parts(&rows, |_| 1);
            assert_eq!(
                parts.iter().map(|part| part.len()).collect::<Vec<_>>(),
                sizes
            );
            assert_eq!(parts.concat(), rows);
        }
    }

    #[test]
    fn large_rows_go_alone() {
        let rows = [MOST_BYTES * 2, 1, 1, MOST_BYTES, 1];
        let sizes: Vec<_> = parts(&rows, |size| *size)
            .iter()
            .map(|part| part.len())
            .collect();
        assert_eq!(sizes, [1, 2, 1, 1]);
    }
}
