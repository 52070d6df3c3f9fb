//! Reading rows from a file, one after the other.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use byline_application::ImportedRow;
use byline_domain::Timestamp;
use csv::{ByteRecord, StringRecord};

use super::Format;
use super::entity::{Cells, Columns};
use super::strict::Strict;
use crate::failure::Failure;
use crate::files::{At, Opened};

/// The greatest length of a row, in bytes: more than that of the longest post with
/// every character escaped.
const LONGEST: u64 = 4 << 20;

const BUFFER: usize = 1 << 18;

/// A file of rows.
pub(crate) struct Source<E> {
    input: RowReader,
    now: Timestamp,
    rows: PhantomData<E>,
}

/// A row as it was read.
#[derive(Debug)]
pub(crate) struct Read<T> {
    /// The row, or why it cannot be stored.
    pub(crate) item: Result<T, String>,
    /// The line on which it begins, counted from 1.
    pub(crate) line: u64,
    /// The bytes of the file up to the end of the row.
    pub(crate) bytes: u64,
    /// The lines of the file up to there.
    pub(crate) lines: u64,
}

enum RowReader {
    Ndjson(Lines),
    Csv(Box<Records>),
}

struct Lines {
    file: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    bytes: u64,
    lines: u64,
}

struct Records {
    reader: csv::Reader<Strict>,
    record: ByteRecord,
    places: Vec<Option<usize>>,
    width: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("a row is longer than 4 MiB")]
struct TooLong;

impl<E: Columns> Source<E> {
    /// Reads the rows of an open file. A regular file is read from `place` on, which is
    /// in bytes and lines. Rows without a time of creation were created `now`.
    pub(crate) fn open(
        path: &Path,
        opened: Opened,
        format: Format,
        place: (u64, u64),
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let (bytes, lines) = place;
        let at = |file: &Arc<File>, offset| -> Box<dyn io::Read + Send> {
            Box::new(At::new(Arc::clone(file), offset))
        };
        let (start, rest) = match opened {
            Opened::Stream(stream) => (stream, None),
            Opened::File(file) => (at(&file, 0), (bytes > 0).then(|| at(&file, bytes))),
        };
        let input = match format {
            Format::Ndjson => RowReader::Ndjson(Lines {
                file: Box::new(BufReader::with_capacity(BUFFER, rest.unwrap_or(start))),
                line: Vec::new(),
                bytes,
                lines,
            }),
            Format::Csv => {
                let mut records = header::<E>(path, start)?;
                if let Some(rest) = rest {
                    let reader = csv_reader(rest, place, false);
                    records.reader =
                        reader.map_err(|error| Failure::Input(path.to_owned(), error))?;
                }
                RowReader::Csv(Box::new(records))
            }
        };
        Ok(Self {
            input,
            now,
            rows: PhantomData,
        })
    }

    /// Returns the next row, unless the file is at its end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Read<ImportedRow<E>>>> {
        match &mut self.input {
            RowReader::Ndjson(lines) => lines.next::<E>(self.now),
            RowReader::Csv(records) => records.next::<E>(self.now),
        }
    }
}

impl Lines {
    fn next<E: Columns>(&mut self, now: Timestamp) -> io::Result<Option<Read<ImportedRow<E>>>> {
        loop {
            self.line.clear();
            let mut limited = self.file.by_ref().take(LONGEST);
            let read = limited.read_until(b'\n', &mut self.line)?;
            if read == 0 {
                return Ok(None);
            }
            let begins = self.bytes;
            self.bytes += u64::try_from(read).unwrap_or_default();
            self.lines += 1;
            let is_whole = self.line.ends_with(b"\n") || limited.limit() > 0;
            if !is_whole {
                return Err(io::Error::other(TooLong));
            }
            let mark: &[u8] = if begins == 0 { b"\xEF\xBB\xBF" } else { b"" };
            let line = self.line.strip_prefix(mark).unwrap_or(&self.line);
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            return Ok(Some(Read {
                item: json(line, now),
                line: self.lines,
                bytes: self.bytes,
                lines: self.lines,
            }));
        }
    }
}

/// Returns the row that a line describes. A JSON array is refused: serde would take it for the
/// members in their order.
fn json<E: Columns>(line: &[u8], now: Timestamp) -> Result<ImportedRow<E>, String> {
    if line.trim_ascii_start().starts_with(b"[") {
        return Err(
            "is an array; there is one object per line: convert an array with jq -c '.[]'"
                .to_owned(),
        );
    }
    let line = serde_json::from_slice(line).map_err(|error| without_line(&error))?;
    E::parse(line, now)
}

/// Returns what the parser found, with the column but without the line, which it counts from the
/// beginning of the text that it was given.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(text) => format!("{text} (column {})", error.column()),
        None => text,
    }
}

/// Returns a reader of `file`, which begins at `place`, in bytes and lines.
fn csv_reader(
    file: Box<dyn io::Read + Send>,
    place: (u64, u64),
    has_headers: bool,
) -> io::Result<csv::Reader<Strict>> {
    Ok(csv::ReaderBuilder::new()
        .buffer_capacity(BUFFER)
        .flexible(true)
        .has_headers(has_headers)
        .from_reader(Strict::new(file, place, LONGEST)?))
}

/// Reads the line of names, and returns the records behind it.
fn header<E: Columns>(path: &Path, file: Box<dyn io::Read + Send>) -> Result<Records, Failure> {
    let failed = |error| Failure::Input(path.to_owned(), error);
    let mut reader = csv_reader(file, (0, 0), true).map_err(failed)?;
    let wrong = |text: String| Failure::Header(path.to_owned(), text);
    let names = reader.headers().map_err(|error| {
        if error.is_io_error() {
            failed(error.into())
        } else {
            wrong(error.to_string())
        }
    })?;
    let place = |member: &&str| names.iter().position(|name| name == *member);
    let places: Vec<_> = E::MEMBERS.iter().map(place).collect();
    for name in names {
        let known = E::MEMBERS.contains(&name);
        let twice = names.iter().filter(|other| *other == name).count() > 1;
        if !known || twice {
            let what = if known {
                "stands there twice"
            } else {
                "is none of them"
            };
            return Err(wrong(format!(
                "must name columns among {}; `{name}` {what}",
                E::MEMBERS.join(", ")
            )));
        }
    }
    for (member, place) in E::MEMBERS.iter().zip(&places) {
        if place.is_none() && E::REQUIRED.contains(member) {
            return Err(wrong(format!(
                "must name the columns {}; `{member}` is missing",
                E::REQUIRED.join(", ")
            )));
        }
    }
    let width = names.len();
    reader.get_mut().next_record();
    Ok(Records {
        reader,
        record: ByteRecord::new(),
        places,
        width,
    })
}

impl Records {
    fn next<E: Columns>(&mut self, now: Timestamp) -> io::Result<Option<Read<ImportedRow<E>>>> {
        if !self.reader.read_byte_record(&mut self.record)? {
            return Ok(None);
        }
        let item = self.row(now);
        let extent = self.reader.get_mut().next_record();
        // Both end records at the same bytes; a test compares them.
        let extent = extent.ok_or_else(|| io::Error::other("a record has no end"))?;
        let (bytes, lines) = extent.end;
        Ok(Some(Read {
            item,
            line: extent.line,
            bytes,
            lines,
        }))
    }

    fn row<E: Columns>(&self, now: Timestamp) -> Result<ImportedRow<E>, String> {
        if self.record.len() != self.width {
            let found = self.record.len();
            return Err(format!(
                "has {found} fields, and the first line has {}",
                self.width
            ));
        }
        let record = StringRecord::from_byte_record(self.record.clone());
        let record = record.map_err(|_| "is not UTF-8")?;
        E::parse(E::line(Cells::new(&record, &self.places))?, now)
    }
}

#[cfg(test)]
mod tests;
