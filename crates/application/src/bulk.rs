use byline_domain::{Entity, Id, Stored, Timestamp, Version};

/// A row of another database, which it may have had another id in, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedRow<E: Entity> {
    /// Its id there.
    pub id: Option<Id<E>>,
    /// Its fields. The ids of parents are those of that database until the import replaces them
    /// by those of this one.
    pub fields: E,
    /// See [`Stored::created_at`].
    pub created_at: Timestamp,
    /// See [`Stored::updated_at`].
    pub updated_at: Timestamp,
    /// See [`Stored::version`].
    pub version: Version,
}

impl<E: Entity> ImportedRow<E> {
    /// Returns the row as it is stored under `id`.
    #[must_use]
    pub fn under(self, id: Id<E>) -> Stored<E> {
        Stored {
            id,
            fields: self.fields,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        }
    }
}

impl<E: Entity> From<Stored<E>> for ImportedRow<E> {
    fn from(row: Stored<E>) -> Self {
        Self {
            id: Some(row.id),
            fields: row.fields,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}
