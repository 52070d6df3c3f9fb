use std::collections::{BTreeMap, BTreeSet};

use byline_domain::Timestamp;

use crate::{Digest, RepositoryError};

/// How far imports have come: noted in the session that stores the rows, and so
/// exactly as durable as they are. Errors as in
/// [`Repository`](crate::Repository).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait ImportRepository: Send {
    /// Notes an import that is about to begin, at [`Checkpoint::START`], at the
    /// moment `now`.
    fn begin(&mut self, import: &NewImport, now: Timestamp) -> Result<ImportId, RepositoryError>;

    /// Returns the imports of the entity with this [plural](byline_domain::Entity::PLURAL)
    /// that have come further than their beginning, the newest first.
    fn list(&mut self, rows: &'static str) -> Result<Vec<Import>, RepositoryError>;

    /// How far this import has come.
    fn position(&mut self, import: ImportId) -> Result<Option<Checkpoint>, RepositoryError>;

    /// Moves an import that stands `from` so many bytes on to `to`; tells
    /// whether it stood there. Nothing is written if not. Check and change are
    /// one statement.
    fn advance(
        &mut self,
        import: ImportId,
        from: u64,
        to: &Checkpoint,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;

    /// Notes that the row which the import found under an id has another one
    /// here. An earlier note about the same id is replaced.
    fn note_ids(&mut self, import: ImportId, ids: &[(i64, i64)]) -> Result<(), RepositoryError>;

    /// Returns what was noted about these ids.
    fn noted_ids(
        &mut self,
        import: ImportId,
        ids: &BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, i64>, RepositoryError>;

    /// Removes at most `most` of the notes about ids, and tells how many.
    fn forget_ids(&mut self, import: ImportId, most: u16) -> Result<u16, RepositoryError>;
}

/// Names an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportId(i64);

/// Under which ids an import stores its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// Under those that they come with.
    Kept,
    /// Under new ones. Posts follow their authors.
    Anew,
}

/// An import that is about to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewImport {
    /// The [plural](byline_domain::Entity::PLURAL) of the entity that it stores.
    pub rows: &'static str,
    /// Under which ids.
    pub numbering: Numbering,
    /// The import of the parents by whose ids, as they were there, the rows of this one name
    /// them; the import of their parents is named by that one.
    pub parents: Option<ImportId>,
}

/// An import that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its name.
    pub id: ImportId,
    /// What it was begun as.
    pub begun: NewImport,
    /// How far it has come.
    pub position: Checkpoint,
}

/// How far an import has come in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many bytes it has taken.
    pub bytes: u64,
    /// How many lines that is.
    pub lines: u64,
    /// The SHA-256 of those bytes: whoever goes on makes sure that they are
    /// the same.
    pub digest: Digest,
}

impl ImportId {
    /// The id as the stores keep it.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl From<i64> for ImportId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl Checkpoint {
    /// Ahead of the first byte. The digest of nothing
    /// (`printf '' | sha256sum`).
    pub const START: Self = Self {
        bytes: 0,
        lines: 0,
        digest: Digest::from_bytes([
            0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f,
            0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b,
            0x78, 0x52, 0xb8, 0x55,
        ]),
    };
}
