//! Entities that exist in tests only: a parent with two kinds of children, of which one has
//! two parents.

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

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShelfFilter {
    Label(Title),
}

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
