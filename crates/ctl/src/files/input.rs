//! A file that is read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::identity::{Node, is_stream};
use crate::failure::Failure;

/// A file to read, or standard input; not opened yet.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    pub(super) node: Node,
}

/// An open input.
pub(crate) enum Opened {
    /// A regular file, which can be read from any offset, repeatedly. All readers share one
    /// descriptor: the path is not looked up again.
    File(Arc<File>),
    /// An input that can be read once: a pipe, a device, standard input.
    Stream(Box<dyn Read + Send>),
}

impl Input {
    /// Opens the file. Waits for the writer of a named pipe.
    pub(crate) fn open(&self) -> Result<Opened, Failure> {
        self.opened()
            .map_err(|error| Failure::Input(self.path.clone(), error))
    }

    fn opened(&self) -> io::Result<Opened> {
        if is_stream(&self.path) {
            return Ok(Opened::Stream(Box::new(io::stdin())));
        }
        let file = File::open(&self.path)?;
        let node = Node::of_file(&file.metadata()?);
        if !node.is(self.node) {
            return Err(io::Error::other("it was replaced meanwhile"));
        }
        Ok(if node.is_regular {
            Opened::File(Arc::new(file))
        } else {
            Opened::Stream(Box::new(file))
        })
    }

    /// Returns the length of a regular file in bytes.
    pub(crate) fn length(&self) -> Option<u64> {
        let is_file = self.node.is_regular && !is_stream(&self.path);
        is_file.then_some(self.node.length)
    }
}

/// Reads a file from an offset on, independently of other readers.
pub(crate) struct At {
    file: Arc<File>,
    offset: u64,
}

impl At {
    pub(crate) fn new(file: Arc<File>, offset: u64) -> Self {
        Self { file, offset }
    }
}

impl Read for At {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}
