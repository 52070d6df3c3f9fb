//! Promises of `ImportRepository`.

use std::collections::{BTreeMap, BTreeSet};

use byline_application::import::{Checkpoint, Import, ImportId, NewImport, Numbering};
use byline_application::{AppError, Digest, Store};
use byline_domain::{Entity, PostFields, UserFields};

use crate::support::{at, read, write};

fn new_import(rows: &'static str, parents: Option<ImportId>) -> NewImport {
    NewImport {
        rows,
        numbering: Numbering::Anew,
        parents,
    }
}

fn begin(store: &dyn Store, import: NewImport) -> ImportId {
    write(store, move |s| Ok(s.imports().begin(&import, at(1))?)).unwrap()
}

fn to(bytes: u64) -> Checkpoint {
    Checkpoint {
        bytes,
        lines: bytes / 2,
        digest: Digest::of(&[&bytes.to_be_bytes()]),
    }
}

fn advance(store: &dyn Store, import: ImportId, from: u64, bytes: u64) -> bool {
    write(store, move |s| {
        Ok(s.imports().advance(import, from, &to(bytes), at(2))?)
    })
    .unwrap()
}

fn position(store: &dyn Store, import: ImportId) -> Option<Checkpoint> {
    read(store, move |s| Ok(s.imports().position(import)?)).unwrap()
}

fn list(store: &dyn Store, rows: &'static str) -> Vec<Import> {
    read(store, move |s| Ok(s.imports().list(rows)?)).unwrap()
}

const USERS: &str = UserFields::PLURAL;
const POSTS: &str = PostFields::PLURAL;

pub(crate) fn begins_at_the_beginning(store: &dyn Store) {
    let import = begin(store, new_import(USERS, None));
    assert_eq!(position(store, import), Some(Checkpoint::START));
    assert_eq!(position(store, ImportId::from(import.get() + 1)), None);
    assert_eq!(list(store, USERS), []);
}

pub(crate) fn moves_on_from_where_it_stands(store: &dyn Store) {
    let import = begin(store, new_import(USERS, None));
    assert!(advance(store, import, 0, 10));
    assert!(!advance(store, import, 0, 20));
    assert!(!advance(store, import, 20, 30));
    assert_eq!(position(store, import), Some(to(10)));
    assert!(advance(store, import, 10, 1 << 40));
    assert_eq!(position(store, import), Some(to(1 << 40)));
    // With what else the session did, or not at all.
    let failed: Result<(), AppError> = write(store, move |s| {
        assert!(s.imports().advance(import, 1 << 40, &to(7), at(3))?);
        Err(AppError::internal("no"))
    });
    failed.unwrap_err();
    assert_eq!(position(store, import), Some(to(1 << 40)));
}

pub(crate) fn lists_those_that_have_come_somewhere(store: &dyn Store) {
    let users = begin(store, new_import(USERS, None));
    let posts = begin(store, new_import(POSTS, Some(users)));
    let later = begin(store, new_import(POSTS, None));
    begin(store, new_import(POSTS, None));
    for import in [users, posts, later] {
        assert!(advance(store, import, 0, 10));
    }
    let listed = |rows| {
        let found = list(store, rows).into_iter();
        found
            .map(|import| (import.id, import.begun.parents))
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(USERS), [(users, None)]);
    assert_eq!(listed(POSTS), [(later, None), (posts, Some(users))]);
    assert_eq!(list(store, USERS)[0].position, to(10));
    assert_eq!(list(store, USERS)[0].begun.numbering, Numbering::Anew);
}

pub(crate) fn remembers_ids_until_it_forgets_them(store: &dyn Store) {
    let import = begin(store, new_import(USERS, None));
    let other = begin(store, new_import(USERS, None));
    let noted = |import| {
        read(store, move |s| {
            let ids: BTreeSet<_> = (1..=700).collect();
            Ok(s.imports().noted_ids(import, &ids)?)
        })
        .unwrap()
    };
    write(store, move |s| {
        let ids: Vec<_> = (1..=600).map(|n| (n, n + 1000)).collect();
        s.imports().note_ids(import, &ids)?;
        s.imports().note_ids(import, &[(5, 1), (5, 2)])?;
        Ok(s.imports().note_ids(other, &[(5, 3)])?)
    })
    .unwrap();
    let mut expected: BTreeMap<_, _> = (1..=600).map(|n| (n, n + 1000)).collect();
    expected.insert(5, 2);
    assert_eq!(noted(import), expected);
    let forget = |most| write(store, move |s| Ok(s.imports().forget_ids(import, most)?)).unwrap();
    assert_eq!(forget(400), 400);
    assert_eq!(noted(import).len(), 200);
    assert_eq!(forget(400), 200);
    assert_eq!(forget(400), 0);
    assert_eq!(noted(other).len(), 1);
}
