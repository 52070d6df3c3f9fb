//! Writing rows to a file that is there whole or not at all.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use byline_domain::Stored;

use super::{Columns, Table, values, write_json};
use crate::failure::Failure;
use crate::files::{Output, Unfinished};
use crate::transfer::Format;

const BUFFER: usize = 1 << 18;

/// A file, or standard output, that rows are written to.
pub(crate) struct Sink {
    pub(crate) path: PathBuf,
    writer: RowWriter,
    /// The file, unless this is standard output.
    unfinished: Option<Unfinished>,
    line: Vec<u8>,
}

enum RowWriter {
    Ndjson(BufWriter<Box<dyn Write>>),
    Csv(Box<csv::Writer<Box<dyn Write>>>),
}

impl Sink {
    /// Begins to write rows of `table` to an output. CSV gets its line of names.
    pub(crate) fn create(output: &Output, format: Format, table: &Table) -> Result<Self, Failure> {
        let failed = |error| Failure::Write(output.path.clone(), error);
        let unfinished = output.create()?;
        let target: Box<dyn Write> = match &unfinished {
            None => Box::new(io::stdout()),
            Some(file) => Box::new(file.writer().map_err(failed)?),
        };
        let writer = match format {
            Format::Ndjson => RowWriter::Ndjson(BufWriter::with_capacity(BUFFER, target)),
            Format::Csv => {
                let builder = &mut csv::WriterBuilder::new();
                let mut writer = builder.buffer_capacity(BUFFER).from_writer(target);
                let names = writer.write_record(table.members);
                names.map_err(|error| failed(error.into()))?;
                RowWriter::Csv(Box::new(writer))
            }
        };
        Ok(Self {
            path: output.path.clone(),
            writer,
            unfinished,
            line: Vec::new(),
        })
    }

    /// Writes a row.
    pub(crate) fn write<E: Columns>(&mut self, row: &Stored<E>) -> Result<(), Failure> {
        self.put(row)
            .map_err(|error| Failure::Write(self.path.clone(), error))
    }

    fn put<E: Columns>(&mut self, row: &Stored<E>) -> io::Result<()> {
        match &mut self.writer {
            RowWriter::Ndjson(writer) => {
                self.line.clear();
                write_json(row, &mut self.line)?;
                self.line.push(b'\n');
                writer.write_all(&self.line)
            }
            RowWriter::Csv(writer) => {
                for value in values(row) {
                    writer.write_field(value.cell().as_bytes())?;
                }
                Ok(writer.write_record(None::<&[u8]>)?)
            }
        }
    }

    /// Stores all that was written, and gives the file its name.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let flushed = match &mut self.writer {
            RowWriter::Ndjson(writer) => writer.flush(),
            RowWriter::Csv(writer) => writer.flush(),
        };
        flushed.map_err(|error| Failure::Write(self.path.clone(), error))?;
        match self.unfinished {
            Some(file) => file.finish().map(drop),
            None => Ok(()),
        }
    }
}
