use std::fmt::Debug;

use crate::{Id, LastVersion, Timestamp, Version};

/// The fields of one kind of row. [`Stored`] has what all rows have in common.
pub trait Entity: Clone + Debug + PartialEq + Eq + Send + Sync + 'static {
    /// A change: each field is changed or left as it is.
    type Change: Clone + Debug + Default + PartialEq + Eq + From<Self> + Send + Sync + 'static;

    /// The name of a row, such as `post`.
    const NAME: &'static str;

    /// The name of many rows, which is that of their table and of their list in the API.
    const PLURAL: &'static str;

    /// The relations in which these rows are the children.
    const PARENTS: &'static [Relation];

    /// Returns the fields, if `change` sets every one of them.
    fn complete(change: Self::Change) -> Option<Self>;

    /// Sets the fields that `change` changes.
    fn apply(&mut self, change: Self::Change);

    /// Returns the id of the parent in `relation`, if it is one of [`PARENTS`](Self::PARENTS).
    fn parent(&self, relation: Relation) -> Option<i64>;

    /// Makes the row with this id the parent in `relation`. Does nothing if the relation is
    /// not one of [`PARENTS`](Self::PARENTS), or the number is not an id.
    fn set_parent(&mut self, relation: Relation, id: i64);

    /// Makes `change` set the parent in `relation`, as [`set_parent`](Self::set_parent) does.
    fn change_parent(change: &mut Self::Change, relation: Relation, id: i64);

    /// Returns the row that these fields are once they are stored under `id` at `now`.
    #[must_use]
    fn created(self, id: Id<Self>, now: Timestamp) -> Stored<Self> {
        Stored {
            id,
            fields: self,
            created_at: now,
            updated_at: now,
            version: Version::FIRST,
        }
    }
}

/// A stored row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<E: Entity> {
    /// Given by the store, never reused.
    pub id: Id<E>,
    /// The fields of this kind of row.
    pub fields: E,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When the row was last changed; equals `created_at` until then.
    pub updated_at: Timestamp,
    /// Counts the changes; the first version is [`Version::FIRST`].
    pub version: Version,
}

impl<E: Entity> Stored<E> {
    /// Returns this row after `change`, in its next version. A change that changes nothing counts
    /// too, so that a replacement always gives a new version.
    ///
    /// # Errors
    ///
    /// The row is in the last possible version.
    pub fn changed(mut self, change: E::Change, now: Timestamp) -> Result<Self, LastVersion> {
        self.version = self.version.next()?;
        self.updated_at = now.max(self.updated_at);
        self.fields.apply(change);
        Ok(self)
    }
}

/// A reference from the rows of one kind to the rows of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relation {
    /// The [name](Entity::NAME) of the rows that refer.
    pub child: &'static str,
    /// The [plural](Entity::PLURAL) of the rows that refer.
    pub children: &'static str,
    /// The field that holds the id of the parent.
    pub field: &'static str,
    /// The [name](Entity::NAME) of the rows that are referred to.
    pub parent: &'static str,
}

/// Declares an entity: its fields and their change. A field under `parents` holds the id of a
/// row of the named entity; the constant after `as` is that relation.
#[macro_export]
macro_rules! entity {
    (
        $(#[$doc:meta])*
        $entity:ident, $change:ident, $name:literal, $plural:literal;
        parents {
            $($(#[$parent_doc:meta])* $parent:ident: $parent_entity:ident as $relation:ident,)*
        }
        fields { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $entity {
            $($(#[$parent_doc])* pub $parent: $crate::Id<$parent_entity>,)*
            $($(#[$field_doc])* pub $field: $type,)*
        }

        #[doc = concat!("A change of a ", $name, "; `None` leaves a field as it is.")]
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $change {
            $($(#[$parent_doc])* pub $parent: Option<$crate::Id<$parent_entity>>,)*
            $($(#[$field_doc])* pub $field: Option<$type>,)*
        }

        impl $entity {
            /// Returns the row that these fields are once they are stored under `id` at `now`.
            #[must_use]
            pub fn created(
                self,
                id: $crate::Id<Self>,
                now: $crate::Timestamp,
            ) -> $crate::Stored<Self> {
                $crate::Entity::created(self, id, now)
            }

            $(
                #[doc = concat!("From the `", stringify!($parent), "` of a ", $name, ".")]
                pub const $relation: $crate::Relation = $crate::Relation {
                    child: $name,
                    children: $plural,
                    field: stringify!($parent),
                    parent: <$parent_entity as $crate::Entity>::NAME,
                };
            )*
        }

        impl From<$entity> for $change {
            /// Returns a change of every field: a replacement.
            fn from(new: $entity) -> Self {
                Self {
                    $($parent: Some(new.$parent),)*
                    $($field: Some(new.$field),)*
                }
            }
        }

        impl $crate::Entity for $entity {
            type Change = $change;

            const NAME: &'static str = $name;
            const PLURAL: &'static str = $plural;
            const PARENTS: &'static [$crate::Relation] = &[$(Self::$relation),*];

            fn complete(change: $change) -> Option<Self> {
                Some(Self {
                    $($parent: change.$parent?,)*
                    $($field: change.$field?,)*
                })
            }

            fn apply(&mut self, change: $change) {
                $(self.$parent = change.$parent.unwrap_or(self.$parent);)*
                $(if let Some(field) = change.$field {
                    self.$field = field;
                })*
            }

            fn parent(&self, relation: $crate::Relation) -> Option<i64> {
                $(if relation == Self::$relation {
                    return Some(self.$parent.get());
                })*
                let _ = relation;
                None
            }

            fn set_parent(&mut self, relation: $crate::Relation, id: i64) {
                $(if let (true, Ok(id)) = (relation == Self::$relation, $crate::Id::try_from(id)) {
                    self.$parent = id;
                })*
                let _ = (relation, id);
            }

            fn change_parent(change: &mut $change, relation: $crate::Relation, id: i64) {
                $(if let (true, Ok(id)) = (relation == Self::$relation, $crate::Id::try_from(id)) {
                    change.$parent = Some(id);
                })*
                let _ = (change, relation, id);
            }
        }
    };
}
