//! Strict CSV (RFC 4180). The `csv` crate accepts much that is not CSV, and silently loses
//! rows then.

use std::collections::VecDeque;
use std::io::{self, Read};

/// Passes on bytes that are CSV, whole records only, and notes where each record begins and
/// ends.
///
/// Lines end with LF or CR LF. A field that holds a quote, a comma or the end of a
/// line stands in quotes, and the quotes in it are written twice.
pub(super) struct Strict {
    file: Box<dyn Read + Send>,
    state: State,
    /// The offset and the line of the next byte.
    at: u64,
    line: u64,
    /// The offset and the line of the record's first byte; the line of the last opening quote.
    begin: (u64, u64),
    quote_line: u64,
    records: VecDeque<Extent>,
    /// Whether a CR is held back until its LF is there: the reader would end the record with
    /// the CR, and this ends it with the LF.
    has_return: bool,
    error: Option<NotCsv>,
    longest: u64,
}

/// Where a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// The line on which it begins, counted from 1.
    pub(super) line: u64,
    /// The bytes and lines of the file up to its end.
    pub(super) end: (u64, u64),
}

/// What precedes the next byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The end of a line.
    Record,
    /// A comma.
    Field,
    /// A part of a field without quotes.
    Plain,
    /// A part of a field in quotes.
    Quoted,
    /// A quote in a field in quotes.
    Closed,
    /// A CR, behind a record or else at the beginning of an empty line.
    Return { is_record: bool },
}

/// Why bytes are not CSV, with the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotCsv {
    #[error("line {0}: the quote that begins here is never closed")]
    Open(u64),
    #[error("line {0}: a row is longer than 4 MiB; the quote that begins here is not closed")]
    OpenTooLong(u64),
    #[error("line {0}: a row is longer than 4 MiB")]
    TooLong(u64),
    #[error(
        "line {0}: there is text behind the field in quotes that begins here; a quote within it \
         is written twice"
    )]
    BehindQuotes(u64),
    #[error(
        "line {0}: there is a quote in a field that does not begin with one; put the field in \
         quotes, and write those within it twice"
    )]
    Quote(u64),
    #[error("line {0}: there is a CR without an LF; lines end with LF or CR LF")]
    Return(u64),
}

impl Strict {
    /// Reads `file`, which begins after so many bytes and lines. A byte order mark at the very
    /// beginning is skipped.
    pub(super) fn new(
        mut file: Box<dyn Read + Send>,
        (bytes, lines): (u64, u64),
        longest: u64,
    ) -> io::Result<Self> {
        let mut at = bytes;
        if bytes == 0 {
            let mut start = Vec::new();
            file.by_ref().take(3).read_to_end(&mut start)?;
            if start == b"\xEF\xBB\xBF" {
                at = 3;
            } else {
                file = Box::new(io::Cursor::new(start).chain(file));
            }
        }
        Ok(Self {
            file,
            state: State::Record,
            at,
            line: lines + 1,
            begin: (at, lines + 1),
            quote_line: 0,
            records: VecDeque::new(),
            has_return: false,
            error: None,
            longest,
        })
    }

    /// Returns where the next of the records is that were passed on.
    pub(super) fn next_record(&mut self) -> Option<Extent> {
        self.records.pop_front()
    }

    /// Takes the next byte. Returns whether it ends a line outside quotes.
    fn take(&mut self, byte: u8) -> Result<bool, NotCsv> {
        let is_record = match self.state {
            State::Return { is_record } => is_record,
            state => state != State::Record,
        };
        let mut ends = false;
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::Closed,
            (State::Quoted, _) => State::Quoted,
            (_, b'\n') => {
                self.end(is_record, 1);
                ends = true;
                State::Record
            }
            (State::Return { .. }, _) => return Err(NotCsv::Return(self.line)),
            (_, b',') => State::Field,
            (_, b'\r') => State::Return { is_record },
            (State::Record | State::Field, b'"') => {
                self.quote_line = self.line;
                State::Quoted
            }
            (State::Closed, b'"') => State::Quoted,
            (State::Closed, _) => return Err(NotCsv::BehindQuotes(self.quote_line)),
            (State::Plain, b'"') => return Err(NotCsv::Quote(self.line)),
            (State::Record | State::Field | State::Plain, _) => State::Plain,
        };
        self.at += 1;
        if byte == b'\n' {
            self.line += 1;
        }
        if ends {
            self.begin = (self.at, self.line);
        }
        Ok(ends)
    }

    /// Notes a record that ends `ahead` bytes from here.
    fn end(&mut self, is_record: bool, ahead: u64) {
        if is_record {
            self.records.push_back(Extent {
                line: self.begin.1,
                end: (self.at + ahead, self.line),
            });
        }
    }

    /// Takes the end of the file.
    fn take_end(&mut self) -> Result<(), NotCsv> {
        match self.state {
            State::Record => return Ok(()),
            State::Quoted => return Err(NotCsv::Open(self.quote_line)),
            State::Return { .. } => return Err(NotCsv::Return(self.line)),
            State::Field | State::Plain | State::Closed => self.end(true, 0),
        }
        self.state = State::Record;
        Ok(())
    }

    /// Takes bytes, and returns how many of them may be passed on.
    fn take_all(&mut self, bytes: &[u8]) -> Result<usize, NotCsv> {
        let mut whole = 0;
        for (index, byte) in bytes.iter().enumerate() {
            match self.take(*byte) {
                Ok(true) => whole = index + 1,
                Ok(false) => {}
                Err(error) => return self.stop(error, whole),
            }
        }
        if self.at - self.begin.0 > self.longest {
            let error = match self.state {
                State::Quoted => NotCsv::OpenTooLong(self.quote_line),
                _ => NotCsv::TooLong(self.begin.1),
            };
            return self.stop(error, whole);
        }
        self.has_return = matches!(self.state, State::Return { .. });
        Ok(bytes.len() - usize::from(self.has_return))
    }

    /// Passes on the whole records, and keeps the error behind them for the next read.
    fn stop(&mut self, error: NotCsv, whole: usize) -> Result<usize, NotCsv> {
        self.error = Some(error);
        if whole > 0 { Ok(whole) } else { Err(error) }
    }
}

impl Read for Strict {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = self.error {
            return Err(io::Error::other(error));
        }
        loop {
            let held = usize::from(self.has_return);
            let Some((first, rest)) = buffer.split_at_mut_checked(held) else {
                return Ok(0);
            };
            first.fill(b'\r');
            let read = self.file.read(rest)?;
            if read == 0 {
                self.take_end().map_err(io::Error::other)?;
                return Ok(0);
            }
            let taken = rest.get(..read).unwrap_or_default();
            let through = self.take_all(taken).map_err(io::Error::other)?;
            if held + through > 0 {
                return Ok(held + through);
            }
        }
    }
}

#[cfg(test)]
mod tests;
