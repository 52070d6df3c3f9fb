//! Errors name the relation that a statement broke, also where a parent has several kinds of
//! children and a child several parents. An engine calls this with a migrated database.

use byline_application::{ImportedRow, Intent, Repository, RepositoryError};
use byline_domain::{Id, Relation, Stored, Text, Timestamp, Title};
use diesel::connection::SimpleConnection;

use super::dialect::EngineTable;
use super::{Connection, DieselSession, dialect, lists};
use crate::test_entities::{Book, BookFilter, Note, NoteFilter, Shelf, ShelfFilter};

mod shelf {
    use super::super::table::prelude::*;
    use crate::test_entities::{Shelf, ShelfFilter, ShelfSortKey};

    entity_table! {
        shelves of Shelf by ShelfSortKey and ShelfFilter;
        parents {}
        texts { label, }
        computed {}
        unique {}
        lists { Id: id id, Label: text label, }
        filters { Label(label) unique label = label.as_str(), }
    }
}

mod book {
    use super::super::table::prelude::*;
    use crate::test_entities::{Book, BookFilter, BookSortKey};

    entity_table! {
        books of Book by BookSortKey and BookFilter;
        parents { shelf_id, }
        texts { title, }
        computed {}
        unique {}
        lists { Id: id id, }
        filters { Shelf(shelf) under shelf_id "shelf" = shelf.get(), }
    }
}

mod note {
    use super::super::table::prelude::*;
    use crate::test_entities::{Note, NoteFilter, NoteSortKey};

    entity_table! {
        notes of Note by NoteSortKey and NoteFilter;
        parents { shelf_id, book_id, }
        texts { body, }
        computed {}
        unique {}
        lists { Id: id id, }
        filters {
            Shelf(shelf) under shelf_id "shelf" = shelf.get(),
            Book(book) under book_id "book" = book.get(),
        }
    }
}

const TABLES: [&str; 3] = [
    "CREATE TABLE shelves (
        id $id,
        label VARCHAR(255) NOT NULL,
        created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL,
        origin BINARY(16) UNIQUE
    )",
    "CREATE TABLE books (
        id $id,
        shelf_id BIGINT NOT NULL,
        title VARCHAR(255) NOT NULL,
        created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL,
        origin BINARY(16) UNIQUE,
        CONSTRAINT books_shelf FOREIGN KEY (shelf_id) REFERENCES shelves (id) ON DELETE RESTRICT
    )",
    "CREATE TABLE notes (
        id $id,
        shelf_id BIGINT NOT NULL,
        book_id BIGINT NOT NULL,
        body VARCHAR(255) NOT NULL,
        created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version BIGINT NOT NULL,
        origin BINARY(16) UNIQUE,
        CONSTRAINT notes_shelf FOREIGN KEY (shelf_id) REFERENCES shelves (id) ON DELETE RESTRICT,
        CONSTRAINT notes_book FOREIGN KEY (book_id) REFERENCES books (id) ON DELETE RESTRICT
    )",
];

fn of<'s, E: EngineTable>(session: &'s mut DieselSession<'_>) -> &'s mut dyn Repository<E> {
    session
}

fn now() -> Timestamp {
    Timestamp::from_micros(1).unwrap()
}

fn text<T: Text>() -> T {
    T::parse("Notes".to_owned()).unwrap()
}

fn add<E: EngineTable>(session: &mut DieselSession<'_>, new: &E) -> Stored<E> {
    of(session).insert(new, now()).unwrap()
}

#[track_caller]
fn assert_missing<T>(ended: Result<T, RepositoryError>, relation: Relation) {
    match ended {
        Err(RepositoryError::MissingReference(named)) => assert_eq!(named, relation),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it is stored"),
    }
}

#[track_caller]
fn assert_still_referenced<T>(ended: Result<T, RepositoryError>, relation: Relation) {
    match ended {
        Err(RepositoryError::StillReferenced(named)) => assert_eq!(named, relation),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it is deleted"),
    }
}

/// `id`: the type of a primary key that the engine gives.
pub(in super::super) fn assert_relations_named(mut connection: Connection, id: &str) {
    for table in TABLES {
        connection.batch_execute(&table.replace("$id", id)).unwrap();
    }
    let session = &mut DieselSession::new(&mut connection, Intent::Write);
    advances_the_sequence_of_a_child_without_parents(session);
    let [full, noted, booked] = ["Full", "Noted", "Booked"].map(|label| {
        let label = Title::parse(label.to_owned()).unwrap();
        add(session, &Shelf { label })
    });
    let book = |shelf_id| Book {
        shelf_id,
        title: text(),
    };
    let about = add(session, &book(full.id));
    add(session, &book(booked.id));
    let note = |shelf_id, book_id| Note {
        shelf_id,
        book_id,
        body: text(),
    };
    let stored = add(session, &note(noted.id, about.id));

    for (lost, relation) in [
        (note(Id::MAX, about.id), Note::SHELF),
        (note(full.id, Id::MAX), Note::BOOK),
    ] {
        assert_missing(of(session).insert(&lost, now()), relation);
        let rows = [stored.fields.clone(), lost.clone()];
        assert_missing(of(session).insert_all(&rows, now()), relation);
        let mut changed = stored.clone();
        changed.fields = lost;
        assert_missing(of(session).update(&changed, stored.version), relation);
        let imported = ImportedRow::from(changed.clone());
        assert_missing(of(session).insert_with_new_ids(&[imported]), relation);
        changed.id = Id::try_from(77).unwrap();
        assert_missing(of(session).insert_rows(&[changed]), relation);
    }
    assert_missing(of(session).insert(&book(Id::MAX), now()), Book::SHELF);

    let delete = |session: &mut DieselSession<'_>, shelf: &Stored<Shelf>| {
        of::<Shelf>(session).delete(shelf.id, shelf.version)
    };
    assert_still_referenced(delete(session, &noted), Note::SHELF);
    assert_still_referenced(delete(session, &booked), Book::SHELF);
    let delete_all = |session: &mut DieselSession<'_>, shelf: &Stored<Shelf>| {
        let filter = ShelfFilter::Label(shelf.fields.label.clone());
        of::<Shelf>(session).delete_all(&filter)
    };
    assert_still_referenced(delete_all(session, &noted), Note::SHELF);
    assert_still_referenced(delete_all(session, &booked), Book::SHELF);
    let ended = of::<Book>(session).delete(about.id, about.version);
    assert_still_referenced(ended, Note::BOOK);
    let ended = of::<Book>(session).delete_all(&BookFilter::Shelf(full.id));
    assert_still_referenced(ended, Note::BOOK);

    // The session goes on.
    for filter in [NoteFilter::Shelf(full.id), NoteFilter::Book(about.id)] {
        of::<Note>(session).delete_all(&filter).unwrap();
    }
    assert!(delete(session, &noted).unwrap());
    of::<Book>(session)
        .delete_all(&BookFilter::Shelf(full.id))
        .unwrap();
    assert!(delete(session, &full).unwrap());
    of::<Book>(session)
        .delete_all(&BookFilter::Shelf(booked.id))
        .unwrap();
    delete_all(session, &booked).unwrap();
    assert_eq!(of::<Shelf>(session).rows_after(0, 9).unwrap(), []);
}

fn advances_the_sequence_of_a_child_without_parents(session: &mut DieselSession<'_>) {
    of::<Note>(session).advance_id_sequence(7).unwrap();
    assert_eq!(of::<Note>(session).last_id().unwrap(), 7);
    assert_eq!(of::<Note>(session).rows_after(0, 9).unwrap(), []);
    assert_eq!(of::<Book>(session).rows_after(0, 9).unwrap(), []);
    assert_eq!(of::<Shelf>(session).rows_after(0, 9).unwrap(), []);
}
