//! `bylinectl seed`

use std::time::Duration;

use byline_application::{AppError, Conflict, crud};
use byline_domain::policy::Principal;
use byline_persistence::DatabaseUrl;

use crate::failure::Failure;
use crate::per_entity::{Counts, PerEntity};
use crate::print::{print, tell};
use crate::transfer::{BlockingStore, TABLES, Table, for_each_entity};

mod writer;

use writer::{MadeUp, SeedWriter};

/// The rows to make up.
#[derive(Debug, clap::Args)]
pub(crate) struct SeedArgs {
    #[command(flatten)]
    counts: PerEntity<Counts>,

    /// Which users and posts: the same number makes the same ones, to the
    /// byte, in any empty database.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// Rows that are written in one transaction: enough that the cost of the commit does not
/// matter, and few enough that requests of a running server do not wait long.
const ROWS_PER_JOB: u32 = 500;

/// How long a transaction may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes up rows and stores them, and shows the progress.
pub(crate) fn run(url: &DatabaseUrl, arguments: &SeedArgs) -> Result<(), Failure> {
    let counts = arguments
        .counts
        .values()
        .map(|count| count.copied().unwrap_or_default());
    let counts: Vec<_> = TABLES.iter().zip(counts).collect();
    for (parent, count) in &counts {
        let needs_parent = |child: &&Table| arguments.counts.get(child) > Some(&0);
        if let (0, Some(child)) = (count, parent.children().find(needs_parent)) {
            return Err(Failure::NoParents {
                rows: child.plural,
                parent: parent.name,
                parents: parent.plural,
            });
        }
    }
    let seed = arguments.seed;
    let store = BlockingStore::open_beside(url)?;
    let mut writer = SeedWriter::new(seed);
    let store_rows: &[StoreRows] = &for_each_entity!(E => store_rows::<E>);
    for (store_rows, (table, count)) in store_rows.iter().zip(&counts) {
        store_rows(&store, &mut writer, table, *count).map_err(|failure| match failure {
            Failure::Refused(AppError::Conflict(Conflict::EmailTaken)) => {
                Failure::SeededBefore(seed)
            }
            other => other,
        })?;
    }
    drop(store);
    let rows: Vec<_> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(table, count)| format!("{count} {}", table.plural))
        .collect();
    let rows = match rows.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    };
    print(format_args!("wrote {rows} of seed {seed} to {url}"))
}

type StoreRows = fn(&BlockingStore, &mut SeedWriter, &Table, u32) -> Result<(), Failure>;

/// Makes up `count` rows, and stores them.
fn store_rows<E: MadeUp>(
    store: &BlockingStore,
    writer: &mut SeedWriter,
    table: &Table,
    count: u32,
) -> Result<(), Failure> {
    for (rows, done) in jobs(count) {
        let rows = writer.rows::<E>(rows)?;
        let ids = store.write_once(PATIENCE, move |session| {
            let mut ids = Vec::with_capacity(rows.len());
            for (fields, now) in &rows {
                let row = crud::create(session, &Principal::unrestricted(), fields, *now)?;
                ids.push(row.id);
            }
            Ok(ids)
        })?;
        if table.children().next().is_some() {
            writer.add_parents(&ids);
        }
        tell_progress(table.plural, done, count);
    }
    Ok(())
}

/// Returns the sizes of the jobs that make up `total`, each with the number of rows that
/// are there after it.
fn jobs(total: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..total.div_ceil(ROWS_PER_JOB)).map(move |job| {
        let before = job * ROWS_PER_JOB;
        let rows = ROWS_PER_JOB.min(total - before);
        (rows, before + rows)
    })
}

/// Shows about ten lines per entity.
fn tell_progress(what: &str, done: u32, total: u32) {
    let tenth = (total / 10).max(1);
    if done == total || done / tenth != done.saturating_sub(ROWS_PER_JOB) / tenth {
        tell(format_args!("{done} of {total} {what}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_cover_every_row_once() {
        assert_eq!(jobs(0).count(), 0);
        assert_eq!(jobs(1).collect::<Vec<_>>(), [(1, 1)]);
        assert_eq!(
            jobs(1_100).collect::<Vec<_>>(),
            [(500, 500), (500, 1_000), (100, 1_100)]
        );
        assert_eq!(
            jobs(u32::MAX).last(),
            Some((u32::MAX % ROWS_PER_JOB, u32::MAX))
        );
    }
}
