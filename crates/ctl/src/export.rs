//! `bylinectl export`

use std::io::{self, Write};

use byline_persistence::DatabaseUrl;

use crate::arguments::per_entity::{PerEntity, RowFiles};
use crate::failure::Failure;
use crate::files::{Files, Replaces, is_stream};
use crate::transfer::{
    BatchSize, BlockingStore, EntityProgress, Format, Sink, TABLES, Table, number, read_rows,
};

/// What to export, and where to.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    files: PerEntity<RowFiles<false>>,

    /// How the rows are written; by default as the file's name says.
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Replace regular files that exist. A database is never replaced.
    #[arg(long)]
    force: bool,

    /// Show no progress.
    #[arg(long, short)]
    quiet: bool,
}

const EXAMPLES: &str = "\
Users and posts are those of one moment, also while the service runs. Every member of a row is
written, the version too; idempotency keys are not.

Examples:
  bylinectl export --users users.ndjson --posts posts.ndjson
  bylinectl export --users users.csv
  bylinectl export --posts - | jq .title";

/// A file that the rows of an entity are written to.
struct ExportFile {
    table: &'static Table,
    sink: Sink,
    rows: u64,
}

/// Writes all rows to the files, which get their names only once all rows are in them.
///
/// # Errors
///
/// What [`Files::output`] refuses, [`Failure::UnknownFormat`], [`Failure::Database`],
/// [`Failure::Refused`], [`Failure::Write`].
pub(crate) fn run(
    url: &DatabaseUrl,
    mut files: Files,
    arguments: &ExportArgs,
) -> Result<(), Failure> {
    let replaces = if arguments.force {
        Replaces::Text
    } else {
        Replaces::Nothing
    };
    let outputs = arguments.files.try_map(|path| {
        let output = files.output(path, replaces)?;
        Ok((output, Format::of(path, arguments.format, is_stream(path))?))
    })?;
    let store = BlockingStore::open_to_read(url)?;
    let mut exports = Vec::new();
    for (table, output) in TABLES.iter().zip(outputs) {
        exports.push(match output {
            Some((output, format)) => Some(ExportFile {
                table,
                sink: Sink::create(&output, format, table)?,
                rows: 0,
            }),
            None => None,
        });
    }
    let after = exports.iter().map(|export| export.as_ref().map(|_| 0));
    // Each page as soon as it is read.
    let batch = BatchSize { rows: 1, bytes: 0 };
    read_rows(&store, after.collect(), batch, |last_ids, batches| {
        let mut progress = EntityProgress::new(&last_ids, arguments.quiet);
        for (entity, rows) in batches {
            let Some(Some(export)) = exports.get_mut(entity) else {
                continue;
            };
            rows.write(&mut export.sink)?;
            export.rows += rows.count();
            let position = u64::try_from(rows.last_id()).unwrap_or_default();
            progress.of(entity, 0).advance(position, rows.count());
        }
        Ok(())
    })?;
    let mut lines = Vec::new();
    for ExportFile { table, sink, rows } in exports.into_iter().flatten() {
        let path = sink.path().display().to_string();
        sink.finish()?;
        if !arguments.quiet && path != "-" {
            lines.push(format!("wrote {} {} to {path}", number(rows), table.plural));
        }
    }
    let mut output = io::stderr().lock();
    for line in lines {
        writeln!(output, "{line}").map_err(Failure::Output)?;
    }
    Ok(())
}
