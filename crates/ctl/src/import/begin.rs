//! Where an import begins: at the file's beginning, or where it was broken
//! off.

use std::fs::File;
use std::sync::Arc;

use byline_application::Clock as _;
use byline_application::import::{Checkpoint, Import, ImportId, NewImport, Task};
use byline_domain::Timestamp;

use super::{ImportArgs, Target};
use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::files::{Input, Opened};
use crate::transfer::{Entity, PrefixHasher};

/// Where an import begins, and under which name.
pub(super) struct Beginning {
    pub(super) task: Task,
    pub(super) position: Checkpoint,
    /// Whether there is nothing left to do.
    pub(super) is_done: bool,
    /// The open file, and its length if that is known.
    pub(super) opened: Opened,
    pub(super) length: Option<u64>,
    /// The file up to the position.
    pub(super) prefix: Option<PrefixHasher>,
    pub(super) now: Timestamp,
}

impl Beginning {
    /// Looks for an import of this file that was broken off, and begins one if
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`Failure::Input`], [`Failure::Refused`], [`Failure::OtherIds`]
    pub(super) fn find<E: Entity>(
        target: &Target<'_>,
        input: &Input,
        arguments: &ImportArgs,
        authors: Option<ImportId>,
    ) -> Result<Self, Failure> {
        let now = SystemClock.now();
        let failed = |error| Failure::Input(input.path().to_owned(), error);
        let opened = input.open()?;
        let length = input.length();
        let mut earlier = None;
        if let (Opened::File(file), Some(length), false) = (&opened, length, arguments.again) {
            let imports = target.door.read(|s| Ok(s.imports().list(E::ROWS)?))?;
            earlier = same(file, length, imports).map_err(failed)?;
        }
        if let Some(earlier) = &earlier
            && earlier.begun.numbering != arguments.numbering()
        {
            return Err(Failure::OtherIds(input.path().to_owned()));
        }
        let begun = earlier.map_or(
            NewImport {
                rows: E::ROWS,
                numbering: arguments.numbering(),
                authors,
            },
            |earlier| earlier.begun,
        );
        let position = earlier.map_or(Checkpoint::START, |earlier| earlier.position);
        let id = match (earlier, target.rehearsal) {
            (Some(earlier), None) => earlier.id,
            (earlier, None) => {
                debug_assert!(earlier.is_none(), "one that is found goes on");
                target
                    .door
                    .write(move |s| Ok(s.imports().begin(&begun, now)?))?
            }
            (earlier, Some(rehearsal)) => rehearsal.begin(begun, position, earlier, now)?,
        };
        let mut prefix = match &opened {
            Opened::File(file) => Some(PrefixHasher::of(file)),
            Opened::Stream(_) => None,
        };
        if let Some(prefix) = &mut prefix {
            prefix.advance(position.bytes).map_err(failed)?;
        }
        Ok(Self {
            task: Task {
                id,
                numbering: begun.numbering,
                on_conflict: arguments.on_conflict(),
                authors: begun.authors,
            },
            position,
            is_done: Some(position.bytes) == length && position.bytes > 0,
            opened,
            length,
            prefix,
            now,
        })
    }
}

/// The import that has come furthest of those that have taken the beginning of
/// this file.
fn same(
    file: &Arc<File>,
    length: u64,
    mut imports: Vec<Import>,
) -> std::io::Result<Option<Import>> {
    imports.retain(|import| import.position.bytes <= length);
    // The newest last among those that have come equally far.
    imports.sort_by_key(|import| (import.position.bytes, import.id));
    let mut prefix = PrefixHasher::of(file);
    let mut found = None;
    for import in imports {
        if prefix.advance(import.position.bytes)? == import.position.digest {
            found = Some(import);
        }
    }
    Ok(found)
}
