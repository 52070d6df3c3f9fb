//! Lines and tables on the standard streams.

use std::fmt::Display;
use std::io::{self, Write};

use crate::failure::Failure;

/// Prints a line on standard output.
pub(crate) fn print(line: impl Display) -> Result<(), Failure> {
    writeln!(io::stdout(), "{line}").map_err(Failure::Output)
}

/// Prints a line on standard error. Ignores errors: a command goes on where its progress cannot
/// be shown.
pub(crate) fn tell(line: impl Display) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// Prints rows under their heads, in columns, on standard output.
pub(crate) fn print_table<const N: usize>(
    heads: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<(), Failure> {
    let rows: Vec<_> = [heads.map(str::to_owned)].into_iter().chain(rows).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        print(cells.join("  ").trim_end())?;
    }
    Ok(())
}
