use std::collections::{BTreeMap, BTreeSet};

use byline_domain::Timestamp;

use crate::{Digest, RepositoryError};

/// The checkpoints of imports. They are stored in the same session as the rows, so they are as
/// durable as these. Errors as in [`Repository`](crate::Repository).
#[cfg_attr(any(test, feature = "testing"), mockall::automock)]
pub trait ImportRepository: Send {
    /// Stores an import that begins at the moment `now`, at [`Checkpoint::START`].
    fn begin(&mut self, import: &NewImport, now: Timestamp) -> Result<ImportId, RepositoryError>;

    /// Returns the imports of the entity with this [plural](byline_domain::Entity::PLURAL)
    /// that are past their beginning, the newest first.
    fn list(&mut self, rows: &'static str) -> Result<Vec<Import>, RepositoryError>;

    /// Returns the checkpoint of this import, if it exists.
    fn position(&mut self, import: ImportId) -> Result<Option<Checkpoint>, RepositoryError>;

    /// Moves an import on to `to` if its checkpoint is at `from` bytes. Returns whether it was;
    /// nothing is written if not. Check and change are one statement.
    fn advance(
        &mut self,
        import: ImportId,
        from: u64,
        to: &Checkpoint,
        now: Timestamp,
    ) -> Result<bool, RepositoryError>;

    /// Stores pairs of ids: the one with which a row came, and the one that it has here. A pair
    /// replaces an earlier one with the same first id.
    fn note_ids(&mut self, import: ImportId, ids: &[(i64, i64)]) -> Result<(), RepositoryError>;

    /// Returns the noted pairs with these first ids.
    fn noted_ids(
        &mut self,
        import: ImportId,
        ids: &BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, i64>, RepositoryError>;

    /// Removes at most `most` of the noted pairs, and returns how many.
    fn forget_ids(&mut self, import: ImportId, most: u16) -> Result<u16, RepositoryError>;
}

/// The id of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportId(i64);

/// The ids under which an import stores its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// The ids with which they come.
    Kept,
    /// New ids. Children follow their parents.
    Anew,
}

/// An import that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewImport {
    /// The [plural](byline_domain::Entity::PLURAL) of the entity that it stores.
    pub rows: &'static str,
    /// The ids under which it stores them.
    pub numbering: Numbering,
    /// The import of the parents, if the rows name them by the ids with which they came. Their
    /// own parents are in the import that it names.
    pub parents: Option<ImportId>,
}

/// An import that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// How it was begun.
    pub begun: NewImport,
    /// Its checkpoint.
    pub position: Checkpoint,
}

/// The position of an import in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of bytes that were imported.
    pub bytes: u64,
    /// The number of lines that they are.
    pub lines: u64,
    /// The SHA-256 of these bytes: an import resumes only if they are the same.
    pub digest: Digest,
}

impl ImportId {
    /// Returns the id as the stores keep it.
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
    /// Before the first byte. The digest is that of no bytes (`printf '' | sha256sum`).
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
