//! Reading rows from a file, one after the other.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::marker::PhantomData;
use std::path::Path;

use byline_domain::Timestamp;
use csv::{ByteRecord, StringRecord};

use super::Format;
use super::entity::{Cells, Entity};
use crate::failure::Failure;

/// The longest that a row may be, in bytes: more than the longest post takes
/// whose every character is escaped.
const LONGEST: u64 = 4 << 20;

const BUFFER: usize = 1 << 18;

/// A file of rows.
pub(crate) struct Source<E> {
    input: Input,
    now: Timestamp,
    rows: PhantomData<E>,
}

/// A row as it was read.
#[derive(Debug)]
pub(crate) struct Read<T> {
    /// What it is.
    pub(crate) item: Item<T>,
    /// The line on which it begins, counted from 1.
    pub(crate) line: u64,
    /// How many bytes of the file there are up to its end.
    pub(crate) bytes: u64,
    /// How many lines that is.
    pub(crate) lines: u64,
}

/// A row, or what is wrong with it.
#[derive(Debug)]
pub(crate) enum Item<T> {
    Row(T),
    Bad(String),
}

enum Input {
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
    reader: csv::Reader<Fence>,
    record: ByteRecord,
    places: Vec<Option<usize>>,
    width: usize,
    /// The bytes and lines ahead of what the reader reads.
    base: (u64, u64),
}

/// Lets only so many bytes through until it is moved on, so that a quote which
/// is never closed does not bring the whole file into memory; and notes where
/// lines end, which the reader cannot tell of lines that end with CR LF.
struct Fence {
    file: Box<dyn io::Read + Send>,
    left: u64,
    read: u64,
    line_feeds: VecDeque<u64>,
    passed: u64,
    last_passed: Option<u64>,
}

impl Fence {
    fn around(file: Box<dyn io::Read + Send>) -> Self {
        Self {
            file,
            left: LONGEST,
            read: 0,
            line_feeds: VecDeque::new(),
            passed: 0,
            last_passed: None,
        }
    }

    /// The line that ends at `end`, or in which it lies, counted from 1. Never
    /// asked about an earlier place again.
    fn line_until(&mut self, end: u64) -> u64 {
        while let Some(place) = self.line_feeds.pop_front_if(|place| *place < end) {
            self.passed += 1;
            self.last_passed = Some(place);
        }
        let ends_here = self.last_passed.is_some_and(|place| place + 1 == end);
        self.passed + u64::from(!ends_here)
    }
}

impl io::Read for Fence {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let length = u64::try_from(read).unwrap_or(u64::MAX);
        if self.left < length {
            return Err(io::Error::other(TooLong));
        }
        self.left -= length;
        let bytes = (self.read..).zip(buffer.iter().take(read));
        self.line_feeds.extend(
            bytes
                .filter(|(_, byte)| **byte == b'\n')
                .map(|(place, _)| place),
        );
        self.read += length;
        Ok(read)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a row is longer than 4 MiB; is there a quote that is not closed?")]
struct TooLong;

impl<E: Entity> Source<E> {
    /// The rows of a file, or of standard input if it is `-`, from a place on.
    /// Rows that do not say when they were created were created `now`.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`], [`Failure::Header`]
    pub(crate) fn open(
        path: &Path,
        format: Format,
        (bytes, lines): (u64, u64),
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let failed = |error| Failure::Input(path.to_owned(), error);
        let mut file: Box<dyn io::Read + Send> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(failed)?)
        };
        let input = match format {
            Format::Ndjson => {
                if bytes > 0 {
                    let mut opened = File::open(path).map_err(failed)?;
                    opened.seek(SeekFrom::Start(bytes)).map_err(failed)?;
                    file = Box::new(opened);
                }
                Input::Ndjson(Lines {
                    file: Box::new(BufReader::with_capacity(BUFFER, file)),
                    line: Vec::new(),
                    bytes,
                    lines,
                })
            }
            Format::Csv => {
                let header = header::<E>(path, file)?;
                Input::Csv(Box::new(if bytes > 0 {
                    let (opened, bytes) = behind_record(path, bytes).map_err(failed)?;
                    header.behind(opened, bytes, lines)
                } else {
                    header
                }))
            }
        };
        Ok(Self {
            input,
            now,
            rows: PhantomData,
        })
    }

    /// The next row.
    ///
    /// # Errors
    ///
    /// The file cannot be read on.
    pub(crate) fn next(&mut self) -> io::Result<Option<Read<E::Record>>> {
        match &mut self.input {
            Input::Ndjson(lines) => lines.next::<E>(self.now),
            Input::Csv(records) => records.next::<E>(self.now),
        }
    }
}

impl Lines {
    fn next<E: Entity>(&mut self, now: Timestamp) -> io::Result<Option<Read<E::Record>>> {
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
            let item = match E::from_json(line, now) {
                Ok(row) => Item::Row(row),
                Err(text) => Item::Bad(text),
            };
            return Ok(Some(Read {
                item,
                line: self.lines,
                bytes: self.bytes,
                lines: self.lines,
            }));
        }
    }
}

/// The records of a file whose line of names is read.
fn header<E: Entity>(path: &Path, file: Box<dyn io::Read + Send>) -> Result<Records, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .buffer_capacity(BUFFER)
        .flexible(true)
        .from_reader(Fence::around(file));
    let wrong = |text: String| Failure::Header(path.to_owned(), text);
    let names = reader.headers().map_err(|error| wrong(error.to_string()))?;
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
    Ok(Records {
        reader,
        record: ByteRecord::new(),
        places,
        width,
        base: (0, 0),
    })
}

impl Records {
    /// The records with the same columns that a file has behind so many bytes
    /// and lines, where it stands.
    fn behind(self, file: File, bytes: u64, lines: u64) -> Self {
        Self {
            reader: csv::ReaderBuilder::new()
                .buffer_capacity(BUFFER)
                .flexible(true)
                .has_headers(false)
                .from_reader(Fence::around(Box::new(file))),
            base: (bytes, lines),
            ..self
        }
    }

    fn next<E: Entity>(&mut self, now: Timestamp) -> io::Result<Option<Read<E::Record>>> {
        self.reader.get_mut().left = LONGEST;
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => return Ok(None),
            Ok(true) => {}
            Err(error) => return Err(error.into()),
        }
        let item = match self.row::<E>(now) {
            Ok(row) => Item::Row(row),
            Err(text) => Item::Bad(text),
        };
        let end = self.reader.position().byte();
        let last = self.reader.get_mut().line_until(end);
        let within = self.record.as_slice().iter();
        let within = within.filter(|byte| **byte == b'\n').count();
        let (bytes, lines) = self.base;
        Ok(Some(Read {
            item,
            line: lines + last - u64::try_from(within).unwrap_or_default(),
            bytes: bytes + end,
            lines: lines + last,
        }))
    }

    fn row<E: Entity>(&self, now: Timestamp) -> Result<E::Record, String> {
        if self.record.len() != self.width {
            let found = self.record.len();
            return Err(format!(
                "has {found} fields, and the first line has {}",
                self.width
            ));
        }
        let record = StringRecord::from_byte_record(self.record.clone());
        let cells = Cells {
            record: &record.map_err(|_| "is not UTF-8")?,
            places: &self.places,
        };
        E::from_cells(&cells, now)
    }
}

/// The file at the end of a record, and where that is: of a line that ends with
/// CR LF, the LF may still be ahead.
fn behind_record(path: &Path, bytes: u64) -> io::Result<(File, u64)> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(bytes.saturating_sub(1)))?;
    let mut around = Vec::new();
    file.by_ref().take(2).read_to_end(&mut around)?;
    let bytes = bytes + u64::from(around == *b"\r\n");
    file.seek(SeekFrom::Start(bytes))?;
    Ok((file, bytes))
}

#[cfg(test)]
mod tests;
