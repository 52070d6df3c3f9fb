//! Where an import begins: at the beginning of the file, or where an earlier import of it was
//! broken off.

use std::collections::BTreeMap;
use std::io;

use byline_application::Session;
use byline_application::import::{Checkpoint, Import, ImportId, NewImport, Task};
use byline_domain::Timestamp;

use super::Importer;
use crate::clock::now;
use crate::failure::Failure;
use crate::files::{Input, Opened};
use crate::transfer::{BlockingStore, Columns, PrefixHasher, TABLES};

/// The state of an import when it begins.
pub(super) struct Beginning {
    pub(super) task: Task,
    pub(super) position: Checkpoint,
    /// The open file, up to the position.
    pub(super) opened: Opened,
    pub(super) prefix: Option<PrefixHasher>,
    pub(super) now: Timestamp,
}

impl Beginning {
    /// Looks for an import of this file that was broken off, and begins one if there is none.
    pub(super) fn find<E: Columns>(
        importer: &Importer<'_>,
        input: &Input,
    ) -> Result<Self, Failure> {
        let now = now();
        let failed = |error| Failure::Input(input.path.clone(), error);
        let opened = input.open()?;
        let mut prefix = match &opened {
            Opened::File(file) => Some(PrefixHasher::of(file)),
            Opened::Stream(_) => None,
        };
        let mut earlier = None;
        if let (Some(start), Some(length), false) =
            (&prefix, input.length(), importer.arguments.again)
        {
            let imports = importer.real.read(|s| Ok(s.imports().list(E::PLURAL)?))?;
            let found = furthest(start.clone(), length, imports).map_err(failed)?;
            if let Some((import, read)) = found {
                earlier = Some(import);
                prefix = Some(read);
            }
        }
        let numbering = importer.arguments.numbering();
        let position = earlier.map_or(Checkpoint::START, |earlier| earlier.position);
        let (begun, mut parents) = match earlier {
            Some(earlier) if earlier.begun.numbering != numbering => {
                return Err(Failure::OtherIds(input.path.clone()));
            }
            Some(earlier) => {
                let parents = parents::<E>(importer.real, earlier.begun.parents)?;
                (earlier.begun, parents)
            }
            None => {
                let begun = NewImport {
                    rows: E::PLURAL,
                    numbering,
                    parents: importer.last,
                };
                (begun, importer.begun.clone())
            }
        };
        let earlier = earlier.map(|earlier| earlier.id);
        let id = match (importer.dry_run, earlier) {
            (None, Some(earlier)) => earlier,
            (None, None) => {
                let begin = move |s: &mut dyn Session| Ok(s.imports().begin(&begun, now)?);
                importer.real.write(begin)?
            }
            (Some(dry_run), earlier) => {
                if earlier.is_some() {
                    parents = dry_run.parents(parents, now)?;
                }
                dry_run.begin(begun, position, earlier, now)?
            }
        };
        Ok(Self {
            task: Task {
                id,
                numbering: begun.numbering,
                on_conflict: importer.arguments.on_conflict(),
                parents,
            },
            position,
            opened,
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

/// Returns the import that has come furthest of those that have taken the beginning of this
/// file, and the file up to there.
fn furthest(
    mut prefix: PrefixHasher,
    length: u64,
    mut imports: Vec<Import>,
) -> io::Result<Option<(Import, PrefixHasher)>> {
    imports.retain(|import| import.position.bytes <= length);
    // The newest last among those that have come equally far.
    imports.sort_by_key(|import| (import.position.bytes, import.id));
    let mut found = None;
    for import in imports {
        if prefix.advance(import.position.bytes)? == import.position.digest {
            found = Some((import, prefix.clone()));
        }
    }
    Ok(found)
}
