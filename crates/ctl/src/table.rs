//! Tables of text.

use std::io::{self, Write};

/// Writes rows under their heads, in columns.
///
/// # Errors
///
/// That of the output.
pub(crate) fn write_table<const N: usize>(
    output: &mut impl Write,
    heads: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> io::Result<()> {
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
        writeln!(output, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}
