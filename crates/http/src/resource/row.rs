//! Rows in responses.

use std::hash::Hasher;

use byline_domain::{Id, Stored, Timestamp, Version};
use fnv::FnvHasher;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::resource::RestResource;
use crate::response::representation::Representation;
use crate::response::time::Time;

/// A row in a response, and the parent that is embedded in it.
#[derive(Clone, Copy)]
pub(crate) struct RowResponse<'a> {
    row: &'a dyn AnyRow,
    /// Name and value of the member.
    embedded: Option<(&'static str, &'a dyn AnyRow)>,
}

/// A row of any entity.
pub(crate) trait AnyRow: Send + Sync {
    fn id(&self) -> i64;

    /// Returns the name and value of the field with this index.
    fn field(&self, index: usize) -> Option<(&'static str, FieldValue<'_>)>;

    fn created_at(&self) -> Timestamp;

    fn updated_at(&self) -> Timestamp;

    fn version(&self) -> Version;
}

/// The value of a field that clients write.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum FieldValue<'a> {
    /// The id of a parent.
    Id(i64),
    Text(&'a str),
}

impl<E: RestResource> AnyRow for Stored<E> {
    fn id(&self) -> i64 {
        self.id.get()
    }

    fn field(&self, index: usize) -> Option<(&'static str, FieldValue<'_>)> {
        let field = E::FIELDS.get(index)?;
        Some((field.name, (field.value)(&self.fields)))
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    fn version(&self) -> Version {
        self.version
    }
}

impl<'a> RowResponse<'a> {
    pub(crate) fn new(row: &'a dyn AnyRow) -> Self {
        Self {
            row,
            embedded: None,
        }
    }

    /// As [`new`](Self::new), with a parent as the member `name`.
    pub(crate) fn with(row: &'a dyn AnyRow, name: &'static str, parent: &'a dyn AnyRow) -> Self {
        Self {
            row,
            embedded: Some((name, parent)),
        }
    }
}

impl Representation for RowResponse<'_> {
    fn version(&self) -> Version {
        self.row.version()
    }

    fn size_hint(&self) -> usize {
        let fields = fields(self.row).map(|(name, value)| match value {
            FieldValue::Id(_) => name.len() + 24,
            FieldValue::Text(text) => name.len() + 8 + text.len(),
        });
        let embedded = self.embedded.map(|(_, parent)| Self::new(parent));
        128 + fields.sum::<usize>() + embedded.map_or(0, |parent| parent.size_hint())
    }

    fn identify(&self, hasher: &mut FnvHasher) {
        let embedded = self.embedded.map(|(_, parent)| parent);
        for row in [self.row].into_iter().chain(embedded) {
            let updated_at = row.updated_at().as_micros();
            for part in [row.id(), row.version().get(), updated_at] {
                hasher.write(&part.to_be_bytes());
            }
        }
    }
}

fn fields(row: &dyn AnyRow) -> impl Iterator<Item = (&'static str, FieldValue<'_>)> {
    (0..).map_while(|index| row.field(index))
}

impl Serialize for RowResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.row.id())?;
        for (name, value) in fields(self.row) {
            map.serialize_entry(name, &value)?;
        }
        map.serialize_entry("created_at", &Time(self.row.created_at()))?;
        map.serialize_entry("updated_at", &Time(self.row.updated_at()))?;
        if let Some((name, parent)) = self.embedded {
            map.serialize_entry(name, &Self::new(parent))?;
        }
        map.end()
    }
}

/// Returns the path of a row.
pub(crate) fn path<E: RestResource>(id: Id<E>) -> String {
    format!("/{}/{id}", E::PLURAL)
}
