//! Promises of `IdentityRepository`.

use byline_application::identities::{self, Linked};
use byline_application::{AppError, Conflict, EntityRef, RowLock, Store};
use byline_domain::policy::Identity;
use byline_domain::{User, UserId};

use crate::support::{add_user, at, read, write};

fn identity(byte: u8) -> Identity {
    Identity::from([byte; Identity::LENGTH])
}

fn find(store: &dyn Store, byte: u8) -> Option<Linked> {
    let found = read(store, move |s| {
        Ok(s.identities().find(&identity(byte), RowLock::Released)?)
    });
    let held = write(store, move |s| {
        Ok(s.identities().find(&identity(byte), RowLock::UntilTheEnd)?)
    });
    assert_eq!(held.unwrap(), *found.as_ref().unwrap());
    found.unwrap()
}

fn link(store: &dyn Store, byte: u8, user: UserId) -> Result<(), AppError> {
    write(store, move |s| {
        identities::link(s, &identity(byte), user, at(1))
    })
}

fn ada(store: &dyn Store) -> User {
    add_user(store, "Ada", "ada@example.org")
}

pub(crate) fn finds_what_it_linked(store: &dyn Store) {
    let ada = ada(store);
    assert_eq!(find(store, 1), None);
    link(store, 1, ada.id).unwrap();
    assert_eq!(find(store, 1), Some(Linked::To(ada.id)));
    assert_eq!(find(store, 2), None);
}

pub(crate) fn links_one_to_one(store: &dyn Store) {
    let ada = ada(store);
    let grace = add_user(store, "Grace", "grace@example.org");
    link(store, 1, ada.id).unwrap();
    for (byte, user) in [(1, ada.id), (1, grace.id), (2, ada.id)] {
        let taken = link(store, byte, user);
        assert!(
            matches!(taken, Err(AppError::Conflict(Conflict::IdentityLinked))),
            "{taken:?}"
        );
    }
    link(store, 2, grace.id).unwrap();
}

pub(crate) fn links_to_nobody_who_is_missing(store: &dyn Store) {
    let missing_user = UserId::try_from(404).unwrap();
    let missing = link(store, 1, missing_user);
    assert!(
        matches!(missing, Err(AppError::NotFound(found)) if found == EntityRef::from(missing_user))
    );
    assert_eq!(find(store, 1), None);
}

pub(crate) fn remembers_that_the_user_was_deleted(store: &dyn Store) {
    let ada = ada(store);
    link(store, 1, ada.id).unwrap();
    write(store, move |s| Ok(s.users().delete(ada.id, ada.version)?)).unwrap();
    assert_eq!(find(store, 1), Some(Linked::ToDeleted));
}

pub(crate) fn forgets_what_it_is_told_to(store: &dyn Store) {
    let ada = ada(store);
    link(store, 1, ada.id).unwrap();
    let unlink = || write(store, |s| identities::unlink(s, &identity(1))).unwrap();
    assert!(unlink());
    assert!(!unlink());
    assert_eq!(find(store, 1), None);
    link(store, 1, ada.id).unwrap();
}
