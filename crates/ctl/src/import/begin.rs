//! Where an import begins: at the beginning of the file, or where an earlier import of it was
//! broken off.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use byline_application::import::{Checkpoint, Import, ImportId, NewImport, Task};
use byline_application::{Clock as _, Session};
use byline_domain::Timestamp;

use super::{ImportArgs, Imports, Target};
use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::files::{Input, Opened};
use crate::transfer::{BlockingStore, Columns, PrefixHasher, TABLES};

/// What is known of an import when it begins.
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
    pub(super) fn find<E: Columns>(
        target: &Target<'_>,
        input: &Input,
        arguments: &ImportArgs,
        imports: &Imports,
    ) -> Result<Self, Failure> {
        let now = SystemClock.now();
        let failed = |error| Failure::Input(input.path().to_owned(), error);
        let opened = input.open()?;
        let length = input.length();
        let mut earlier = None;
        if let (Opened::File(file), Some(length), false) = (&opened, length, arguments.again) {
            let imports = target.real.read(|s| Ok(s.imports().list(E::PLURAL)?))?;
            earlier = furthest(file, length, imports).map_err(failed)?;
        }
        let numbering = arguments.numbering();
        let position = earlier.map_or(Checkpoint::START, |earlier| earlier.position);
        let (begun, mut parents) = match earlier {
            Some(earlier) if earlier.begun.numbering != numbering => {
                return Err(Failure::OtherIds(input.path().to_owned()));
            }
            Some(earlier) => {
                let parents = parents::<E>(target.real, earlier.begun.parents)?;
                (earlier.begun, parents)
            }
            None => {
                let begun = NewImport {
                    rows: E::PLURAL,
                    numbering,
                    parents: imports.last,
                };
                (begun, imports.by_entity.clone())
            }
        };
        let id = match (target.dry_run, earlier) {
            (None, Some(earlier)) => earlier.id,
            (None, None) => {
                let begin = move |s: &mut dyn Session| Ok(s.imports().begin(&begun, now)?);
                target.real.write(begin)?
            }
            (Some(dry_run), None) => dry_run.begin(begun, position, None, now)?,
            (Some(dry_run), Some(earlier)) => {
                parents = dry_run.parents(parents, now)?;
                dry_run.begin(begun, position, Some(earlier.id), now)?
            }
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
                parents,
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

/// Returns the imports of the parents of `E`, by the names of their entities. `first` is the one
/// that the import of `E` names; each names the one of its own parents.
fn parents<E: Columns>(
    store: &BlockingStore,
    first: Option<ImportId>,
) -> Result<BTreeMap<&'static str, ImportId>, Failure> {
    store.read(move |session| {
        let mut parents = BTreeMap::new();
        let mut next = first;
        let ahead = TABLES.iter().take_while(|table| table.name != E::NAME);
        for table in ahead.collect::<Vec<_>>().into_iter().rev() {
            let Some(id) = next else { break };
            let mut imports = session.imports().list(table.plural)?.into_iter();
            if let Some(import) = imports.find(|import| import.id == id) {
                parents.insert(table.name, id);
                next = import.begun.parents;
            }
        }
        // An import that is not listed has stored nothing: no parents are found by it.
        if let Some(id) = next {
            for relation in E::PARENTS {
                parents.entry(relation.parent).or_insert(id);
            }
        }
        Ok(parents)
    })
}

/// Returns the import that has come furthest of those that have taken the beginning of
/// this file.
fn furthest(
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
