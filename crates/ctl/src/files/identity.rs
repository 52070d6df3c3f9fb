//! Tells whether two names mean the same file.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{FileType, Stat};

/// Returns whether the path stands for standard input or output.
pub(crate) fn is_stream(path: &Path) -> bool {
    path == Path::new("-")
}

/// An existing file, by its device and inode: these are the same for every path, link and
/// descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    device: u64,
    inode: u64,
    /// Whether the file can be read more than once.
    pub(super) is_regular: bool,
    /// The length in bytes at that time.
    pub(super) length: u64,
}

impl Node {
    pub(super) fn of_file(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            is_regular: file.is_file(),
            length: file.len(),
        }
    }

    pub(super) fn of_status(status: &Stat) -> Self {
        Self {
            device: status.st_dev,
            inode: status.st_ino,
            is_regular: FileType::from_raw_mode(status.st_mode).is_file(),
            length: u64::try_from(status.st_size).unwrap_or_default(),
        }
    }

    pub(super) fn is(self, other: Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// The file that a path or a stream means: the one that exists, and its name in its folder,
/// under which there may be none yet.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    node: Option<Node>,
    place: Option<(Node, OsString)>,
}

impl Identity {
    pub(super) fn of_stream(node: Node) -> Self {
        Self {
            node: Some(node),
            place: None,
        }
    }

    pub(super) fn of_path(path: &Path) -> Self {
        let node = |path: &Path| fs::metadata(path).ok().map(|file| Node::of_file(&file));
        let folder = node(folder(path));
        let name = path.file_name().map(ToOwned::to_owned);
        Self {
            node: node(path),
            place: folder.zip(name),
        }
    }

    /// Returns whether both mean the same file.
    pub(super) fn is(&self, other: &Self) -> bool {
        let same = |(one, other): (Node, Node)| one.is(other);
        let is_node = self.node.zip(other.node).is_some_and(same);
        let places = self.place.as_ref().zip(other.place.as_ref());
        is_node || places.is_some_and(|(one, other)| one.0.is(other.0) && one.1 == other.1)
    }

    pub(super) fn is_regular(&self) -> bool {
        self.node.is_none_or(|node| node.is_regular)
    }
}

/// Returns the folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
