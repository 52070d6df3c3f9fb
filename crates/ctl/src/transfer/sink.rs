//! Writing rows to a file that is there whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Format;
use super::entity::Entity;
use crate::failure::Failure;

const BUFFER: usize = 1 << 18;

/// Where rows go.
pub(crate) struct Sink {
    path: PathBuf,
    writer: Writer,
    line: Vec<u8>,
}

enum Writer {
    Ndjson(BufWriter<Box<dyn Write>>),
    Csv(Box<csv::Writer<Box<dyn Write>>>),
}

impl Sink {
    /// A file that is made now under another name, or standard output if it is
    /// `-`; CSV gets its line of names.
    ///
    /// # Errors
    ///
    /// [`Failure::Exists`], [`Failure::Write`]
    pub(crate) fn create<E: Entity>(
        path: &Path,
        format: Format,
        force: bool,
    ) -> Result<Self, Failure> {
        let failed = |error| Failure::Write(path.to_owned(), error);
        let output: Box<dyn Write> = if path == Path::new("-") {
            Box::new(io::stdout())
        } else if !force && path.exists() {
            return Err(Failure::Exists(path.to_owned()));
        } else {
            Box::new(File::create(partial(path)).map_err(failed)?)
        };
        let writer = match format {
            Format::Ndjson => Writer::Ndjson(BufWriter::with_capacity(BUFFER, output)),
            Format::Csv => {
                let builder = &mut csv::WriterBuilder::new();
                let mut writer = builder.buffer_capacity(BUFFER).from_writer(output);
                let names = writer.write_record(E::MEMBERS);
                names.map_err(|error| failed(error.into()))?;
                Writer::Csv(Box::new(writer))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            writer,
            line: Vec::new(),
        })
    }

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// [`Failure::Write`]
    pub(crate) fn write<E: Entity>(&mut self, row: &E::Stored) -> Result<(), Failure> {
        self.put::<E>(row)
            .map_err(|error| Failure::Write(self.path.clone(), error))
    }

    fn put<E: Entity>(&mut self, row: &E::Stored) -> io::Result<()> {
        match &mut self.writer {
            Writer::Ndjson(writer) => {
                self.line.clear();
                E::write_json(row, &mut self.line)?;
                self.line.push(b'\n');
                writer.write_all(&self.line)
            }
            Writer::Csv(writer) => {
                let mut written = Ok(());
                E::cells(row, &mut |cell| {
                    if written.is_ok() {
                        written = writer.write_field(cell);
                    }
                });
                written?;
                Ok(writer.write_record(None::<&[u8]>)?)
            }
        }
    }

    /// Where the rows go.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes what was written last, and gives the file its name.
    ///
    /// # Errors
    ///
    /// [`Failure::Write`]
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.end()
            .map_err(|error| Failure::Write(self.path.clone(), error))
    }

    fn end(&mut self) -> io::Result<()> {
        match &mut self.writer {
            Writer::Ndjson(writer) => writer.flush()?,
            Writer::Csv(writer) => writer.flush()?,
        }
        if self.path == Path::new("-") {
            return Ok(());
        }
        File::open(partial(&self.path))?.sync_all()?;
        fs::rename(partial(&self.path), &self.path)
    }
}

/// The name of a file that is not whole yet.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}
