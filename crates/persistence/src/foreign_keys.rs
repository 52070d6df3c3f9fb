//! The relations of the database, by the foreign keys that enforce them.

use byline_application::{identities, keys};
use byline_domain::{PostFields, Relation};

/// A foreign key. Its column is the [field](Relation::field) of the relation.
#[derive(Debug)]
pub(crate) struct ForeignKey {
    pub(crate) relation: Relation,
    /// Its name in the migrations of MySQL. SQLite does not name it in its errors.
    pub(crate) constraint: &'static str,
    pub(crate) child_table: &'static str,
    pub(crate) parent_table: &'static str,
    /// Whether a parent with children cannot be deleted.
    pub(crate) restricts: bool,
}

pub(crate) const FOREIGN_KEYS: &[ForeignKey] = &[
    restricting(PostFields::AUTHOR, "posts_author", "posts", "users"),
    following(keys::USER, "api_keys_user", "api_keys", "users"),
    following(identities::USER, "identities_user", "identities", "users"),
    #[cfg(test)]
    restricting(tests::Book::SHELF, "books_shelf", "books", "shelves"),
    #[cfg(test)]
    restricting(tests::Note::SHELF, "notes_shelf", "notes", "shelves"),
    #[cfg(test)]
    restricting(tests::Note::BOOK, "notes_book", "notes", "books"),
];

/// Returns the relation that the constraint of this name enforces.
pub(crate) fn relation_of(constraint: &str) -> Option<Relation> {
    let mut keys = FOREIGN_KEYS.iter();
    keys.find(|key| key.constraint == constraint)
        .map(|key| key.relation)
}

/// A parent stays as long as it has children.
const fn restricting(
    relation: Relation,
    constraint: &'static str,
    child_table: &'static str,
    parent_table: &'static str,
) -> ForeignKey {
    ForeignKey {
        relation,
        constraint,
        child_table,
        parent_table,
        restricts: true,
    }
}

/// A parent is deleted whatever children it has: they go too, or forget it.
const fn following(
    relation: Relation,
    constraint: &'static str,
    child_table: &'static str,
    parent_table: &'static str,
) -> ForeignKey {
    ForeignKey {
        restricts: false,
        ..restricting(relation, constraint, child_table, parent_table)
    }
}

/// Entities that exist in tests only: a parent with two kinds of children, of which one has
/// two parents.
#[cfg(test)]
pub(crate) mod tests {
    use byline_application::Listed;
    use byline_domain::{Id, Title, entity};

    entity! {
        /// A shelf.
        Shelf, ShelfChange, "shelf", "shelves";
        parents {}
        fields {
            /// What it is called.
            label: Title,
        }
    }

    entity! {
        /// A book on a shelf.
        Book, BookChange, "book", "books";
        parents {
            /// The shelf.
            shelf_id: Shelf as SHELF,
        }
        fields {
            /// What it is called.
            title: Title,
        }
    }

    entity! {
        /// A note about a shelf and a book.
        Note, NoteChange, "note", "notes";
        parents {
            /// The shelf.
            shelf_id: Shelf as SHELF,
            /// The book.
            book_id: Book as BOOK,
        }
        fields {
            /// The note itself.
            body: Title,
        }
    }

    byline_application::sort_keys! {
        /// What shelves are sorted by.
        ShelfSortKey of Shelf;
        Id "id" Id |_| ();
        Label "label" Text |shelf| shelf.fields.label.as_str();
    }

    byline_application::sort_keys! {
        /// What books are sorted by.
        BookSortKey of Book;
        Id "id" Id |_| ();
    }

    byline_application::sort_keys! {
        /// What notes are sorted by.
        NoteSortKey of Note;
        Id "id" Id |_| ();
    }

    /// Shelves are not filtered.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum ShelfFilter {}

    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum BookFilter {
        Shelf(Id<Shelf>),
    }

    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum NoteFilter {
        Shelf(Id<Shelf>),
        Book(Id<Book>),
    }

    impl Listed for Shelf {
        type SortKey = ShelfSortKey;
        type Filter = ShelfFilter;
    }

    impl Listed for Book {
        type SortKey = BookSortKey;
        type Filter = BookFilter;
    }

    impl Listed for Note {
        type SortKey = NoteSortKey;
        type Filter = NoteFilter;
    }
}
