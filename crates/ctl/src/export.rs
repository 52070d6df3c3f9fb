//! `bylinectl export`

use byline_persistence::DatabaseUrl;

use crate::failure::Failure;
use crate::files::{Files, Replaces, is_stream};
use crate::per_entity::{PerEntity, RowFiles};
use crate::print::tell;
use crate::transfer::{
    BatchSize, BlockingStore, Format, Rows, Sink, TABLES, Table, number, read_rows,
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
    let (after, quiet) = (after.collect(), arguments.quiet);
    let write = |entity: usize, rows: Box<dyn Rows>| match exports.get_mut(entity) {
        Some(Some(export)) => {
            export.rows += rows.count();
            rows.write(&mut export.sink)
        }
        _ => Ok(()),
    };
    read_rows(&store, after, batch, quiet, |_| Ok(()), write)?;
    let mut lines = Vec::new();
    for ExportFile { table, sink, rows } in exports.into_iter().flatten() {
        let path = sink.path.display().to_string();
        sink.finish()?;
        if !quiet && path != "-" {
            lines.push(format!("wrote {} {} to {path}", number(rows), table.plural));
        }
    }
    lines.iter().for_each(tell);
    Ok(())
}
