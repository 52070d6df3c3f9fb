//! Promises of the repository of users.

use std::sync::atomic::{AtomicBool, Ordering};

use byline_application::{
    AppError, Conflict, Limit, ListQuery, Precondition, RepositoryError, Store, UniqueKey, crud,
};
use byline_domain::{PostFields, Timestamp, User, UserChange, UserId, UserName, Version};

use crate::support::{
    add_post, add_user, all_users, anyone, at, block_on, eventually, new_post, new_user, read,
    soon, write,
};

fn find(store: &dyn Store, id: UserId) -> Option<User> {
    read(store, move |s| Ok(s.users().find(id)?)).unwrap()
}

/// The error itself, past the use cases' translation.
fn insert_error(store: &dyn Store, name: &str, email: &str) -> Option<RepositoryError> {
    let new = new_user(name, email);
    write(store, move |s| Ok(s.users().insert(&new, at(1)).err())).unwrap()
}

fn renamed(user: &User, name: &str, now: i64) -> User {
    let change = UserChange {
        name: Some(UserName::parse(name).unwrap()),
        email: None,
    };
    user.clone().changed(change, at(now)).unwrap()
}

fn update(store: &dyn Store, changed: &User, from: Version) -> Result<bool, AppError> {
    let changed = changed.clone();
    write(store, move |s| Ok(s.users().update(&changed, from)?))
}

fn delete(store: &dyn Store, id: UserId, from: Version) -> bool {
    write(store, move |s| Ok(s.users().delete(id, from)?)).unwrap()
}

pub(crate) fn finds_what_it_stored(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    assert_eq!(ada.version, Version::FIRST);
    assert_eq!((ada.created_at, ada.updated_at), (at(1), at(1)));
    assert_eq!(find(store, ada.id), Some(ada));
}

pub(crate) fn finds_nothing_under_other_ids(store: &dyn Store) {
    add_user(store, "Ada", "ada@example.org");
    assert_eq!(find(store, UserId::MAX), None);
}

pub(crate) fn keeps_text_as_it_is(store: &dyn Store) {
    for (n, name) in [
        "Zoë",
        "Zoe\u{308}",
        " Ada ",
        "🦀🏳️‍🌈",
        "\u{202e}עדה\u{202c}",
        "o'Neil \\ \"%_\" ; --",
        "\u{feff}BOM",
        "\u{fffd}\u{ffff}",
    ]
    .into_iter()
    .enumerate()
    {
        let user = add_user(store, name, &format!("Ada.{n}'s+x@Example.ORG"));
        assert_eq!(find(store, user.id), Some(user), "{name}");
    }
}

pub(crate) fn keeps_microseconds(store: &dyn Store) {
    for (n, now) in [
        Timestamp::MIN,
        at(-1),
        at(0),
        at(1_763_805_600_123_456),
        Timestamp::MAX,
    ]
    .into_iter()
    .enumerate()
    {
        let new = new_user("Ada", &format!("ada{n}@example.org"));
        let user = write(store, move |s| Ok(s.users().insert(&new, now)?)).unwrap();
        assert_eq!(find(store, user.id).unwrap().created_at, now);
    }
}

pub(crate) fn counts_code_points(store: &dyn Store) {
    let name = "🦀".repeat(UserName::MAX_CHARS);
    let email = format!("{}@{}.org", "a".repeat(200), "b".repeat(49));
    let user = add_user(store, &name, &email);
    assert_eq!(user.fields.email.as_str().len(), 254);
    assert_eq!(find(store, user.id), Some(user));
}

pub(crate) fn refuses_an_email_that_differs_in_case_only(store: &dyn Store) {
    add_user(store, "Ada", "ada@example.org");
    let error = insert_error(store, "Eve", "ADA@Example.Org");
    assert!(
        matches!(
            error,
            Some(RepositoryError::Duplicate(UniqueKey::UserEmail))
        ),
        "{error:?}"
    );
}

pub(crate) fn tells_emails_apart_that_differ_in_more(store: &dyn Store) {
    for email in [
        "a.b@example.org",
        "ab@example.org",
        "a_b@example.org",
        "a%b@example.org",
    ] {
        add_user(store, "Ada", email);
    }
}

pub(crate) fn lets_the_session_go_on_after_a_duplicate(store: &dyn Store) {
    add_user(store, "Ada", "ada@example.org");
    let (taken, free) = (
        new_user("Eve", "ADA@example.org"),
        new_user("Eve", "eve@example.org"),
    );
    let eve = write(store, move |s| {
        assert!(s.users().insert(&taken, at(1)).is_err());
        Ok(s.users().insert(&free, at(1))?)
    })
    .unwrap();
    assert_eq!(find(store, eve.id), Some(eve));
}

pub(crate) fn updates_the_version_it_was_told(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let eve = add_user(store, "Eve", "eve@example.org");
    let countess = renamed(&ada, "Countess", 2);
    assert!(update(store, &countess, ada.version).unwrap());
    assert_eq!(find(store, ada.id), Some(countess.clone()));
    assert!(!update(store, &renamed(&countess, "Late", 3), ada.version).unwrap());
    assert_eq!(find(store, ada.id), Some(countess));
    assert_eq!(find(store, eve.id), Some(eve));
}

pub(crate) fn updates_to_its_own_email_in_another_case(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let change = UserChange {
        name: None,
        email: Some(new_user("Ada", "ADA@example.org").email),
    };
    let shouting = ada.clone().changed(change, at(2)).unwrap();
    assert!(update(store, &shouting, ada.version).unwrap());
    assert_eq!(find(store, ada.id), Some(shouting));
}

pub(crate) fn refuses_an_update_to_a_taken_email(store: &dyn Store) {
    add_user(store, "Ada", "ada@example.org");
    let eve = add_user(store, "Eve", "eve@example.org");
    let change = UserChange {
        name: None,
        email: Some(new_user("Ada", "ADA@example.org").email),
    };
    let thief = eve.clone().changed(change, at(2)).unwrap();
    let from = eve.version;
    let error = write(store, move |s| Ok(s.users().update(&thief, from).err())).unwrap();
    assert!(
        matches!(
            error,
            Some(RepositoryError::Duplicate(UniqueKey::UserEmail))
        ),
        "{error:?}"
    );
    assert_eq!(find(store, eve.id), Some(eve));
}

pub(crate) fn deletes_the_version_it_was_told(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    assert!(!delete(store, ada.id, ada.version.next().unwrap()));
    assert!(find(store, ada.id).is_some());
    assert!(delete(store, ada.id, ada.version));
    assert_eq!(find(store, ada.id), None);
    assert!(!delete(store, ada.id, ada.version));
}

pub(crate) fn keeps_a_user_who_has_posts(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    add_post(store, &ada, "Notes");
    let (id, from) = (ada.id, ada.version);
    let error = write(store, move |s| Ok(s.users().delete(id, from).err())).unwrap();
    assert!(
        matches!(
            error,
            Some(RepositoryError::StillReferenced(PostFields::AUTHOR))
        ),
        "{error:?}"
    );
    assert!(find(store, ada.id).is_some());
}

fn has_posts(store: &dyn Store) -> bool {
    let query = ListQuery {
        limit: Limit::MAX,
        ..ListQuery::default()
    };
    let page = read(store, move |s| Ok(s.posts().list(&query)?));
    !page.unwrap().items.is_empty()
}

pub(crate) fn deletes_a_user_whose_posts_keep_coming(store: &dyn Store) {
    for round in 0..5 {
        let ada = add_user(store, "Ada", &format!("ada{round}@example.org"));
        let id = ada.id;
        let over = AtomicBool::new(false);
        let deleted = std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let new = new_post(&ada, "Notes", "…");
                    while !over.load(Ordering::SeqCst) {
                        let new = new.clone();
                        let ending = block_on(
                            store.create(soon(), move |s| crud::create(s, &anyone(), &new, at(1))),
                        );
                        match ending {
                            // The lock of the deletion, on a busy machine.
                            Ok(_) | Err(AppError::Unavailable(_)) => {}
                            Err(AppError::Conflict(Conflict::ParentMissing(
                                PostFields::AUTHOR,
                                _,
                            ))) => return,
                            Err(other) => panic!("{other:?}"),
                        }
                    }
                });
            }
            eventually("posts come", || has_posts(store));
            let deleted = write(store, move |s| {
                crud::delete(s, &anyone(), id, &[PostFields::AUTHOR], &Precondition::None)
            });
            over.store(true, Ordering::SeqCst);
            deleted
        });
        assert!(deleted.is_ok(), "{deleted:?}");
        assert_eq!(find(store, id), None);
    }
}

pub(crate) fn never_gives_an_id_twice(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    assert!(delete(store, ada.id, ada.version));
    let eve = add_user(store, "Eve", "eve@example.org");
    assert!(eve.id > ada.id);
}

pub(crate) fn stores_many_in_their_order(store: &dyn Store) {
    let before = add_user(store, "Ada", "ada@example.org");
    let eve = add_user(store, "Eve", "eve@example.org");
    assert!(delete(store, eve.id, eve.version));
    let news: Vec<_> = (0..1000)
        .map(|n| new_user(&format!("U{n}"), &format!("U{}@example.org", n * 7 % 1000)))
        .collect();
    let given = news.clone();
    let stored = write(store, move |s| Ok(s.users().insert_all(&given, at(5))?)).unwrap();
    assert!(stored[0].id > eve.id && eve.id > before.id);
    assert!(stored.is_sorted_by(|one, next| one.id < next.id));
    assert_eq!(stored.len(), news.len());
    for (user, new) in stored.iter().zip(news) {
        assert_eq!(*user, new.created(user.id, at(5)));
    }
    for user in [&stored[0], &stored[1], &stored[500], &stored[999]] {
        assert_eq!(find(store, user.id).as_ref(), Some(user));
    }
    let next = add_user(store, "Next", "next@example.org");
    assert!(next.id > stored[999].id);
    let none = write(store, |s| Ok(s.users().insert_all(&[], at(5))?));
    assert_eq!(none.unwrap(), []);
}

pub(crate) fn stores_all_or_none(store: &dyn Store) {
    add_user(store, "Ada", "ada@example.org");
    let twice = [
        new_user("B", "b@example.org"),
        new_user("C", "B@example.org"),
    ];
    let taken = [
        new_user("B", "b@example.org"),
        new_user("C", "ADA@example.org"),
    ];
    for news in [twice, taken] {
        let then = write(store, move |s| {
            let refused = s.users().insert_all(&news, at(5));
            assert!(matches!(
                refused,
                Err(RepositoryError::Duplicate(UniqueKey::UserEmail))
            ));
            // The session goes on, and the first of the two is not there.
            s.users().insert(&news[0], at(5))?;
            Err::<(), _>(AppError::Contention(None))
        });
        assert!(matches!(
            then,
            Err(AppError::Unavailable(
                byline_application::Unavailable::Contention
            ))
        ));
    }
    let page = read(store, |s| Ok(s.users().list(&all_users())?));
    assert_eq!(page.unwrap().items.len(), 1);
}
