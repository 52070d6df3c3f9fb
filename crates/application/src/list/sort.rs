use std::fmt::Debug;

use byline_domain::{Stored, Timestamp};

/// A key that the rows of an entity can be sorted by.
pub trait SortKey<E: byline_domain::Entity>:
    Copy + Debug + Default + Eq + Send + Sync + 'static
{
    /// Every sort key of the entity.
    const ALL: &'static [Self];

    /// Returns the name of the key in the API, which is the name of its field.
    fn name(self) -> &'static str;

    /// Returns the kind of the values of the key.
    fn kind(self) -> SortKind;

    /// Returns the value of the key in `row`.
    fn value(self, row: &Stored<E>) -> SortValue;
}

/// The kind of a sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKind {
    /// The id itself.
    Id,
    /// A text; a list can be narrowed to a prefix.
    Text,
    /// A text that is unique among the rows; lists cannot be narrowed by it.
    UniqueText,
    /// A time; a list can be narrowed to a range.
    Time,
}

/// The value of a sort key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortValue {
    /// In a list by id: the id alone determines the order.
    None,
    /// A text.
    Text(String),
    /// A time.
    Time(Timestamp),
}

impl From<&str> for SortValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for SortValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Timestamp> for SortValue {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

impl From<()> for SortValue {
    fn from((): ()) -> Self {
        Self::None
    }
}

/// Declares the sort keys of an entity, each with its variant, its name, its
/// [kind](crate::SortKind) and its value in a row. The first is the default.
#[macro_export]
macro_rules! sort_keys {
    (
        $(#[$doc:meta])*
        $name:ident of $entity:ident;
        $first:ident $first_name:literal $first_kind:ident |$first_row:pat_param| $first_value:expr;
        $($variant:ident $text:literal $kind:ident |$row:pat_param| $value:expr;)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            #[doc = concat!("`", $first_name, "`")]
            #[default]
            $first,
            $(#[doc = concat!("`", $text, "`")] $variant,)*
        }

        impl $crate::SortKey<$entity> for $name {
            const ALL: &'static [Self] = &[Self::$first, $(Self::$variant),*];

            fn name(self) -> &'static str {
                match self {
                    Self::$first => $first_name,
                    $(Self::$variant => $text,)*
                }
            }

            fn kind(self) -> $crate::SortKind {
                match self {
                    Self::$first => $crate::SortKind::$first_kind,
                    $(Self::$variant => $crate::SortKind::$kind,)*
                }
            }

            fn value(self, row: &byline_domain::Stored<$entity>) -> $crate::SortValue {
                match (self, row) {
                    (Self::$first, $first_row) => $first_value.into(),
                    $((Self::$variant, $row) => $value.into(),)*
                }
            }
        }
    };
}
