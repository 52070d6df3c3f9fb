//! Promises of the repository of posts.

use byline_application::{PostFilter, RepositoryError, Store};
use byline_domain::{Content, Post, PostChange, PostFields, PostId, UserId, Version};

use crate::support::{add_post, add_user, at, new_post, read, write};

fn find(store: &dyn Store, id: PostId) -> Option<Post> {
    read(store, move |s| Ok(s.posts().find(id)?)).unwrap()
}

fn update(store: &dyn Store, changed: &Post, from: Version) -> Result<bool, RepositoryError> {
    let changed = changed.clone();
    write(store, move |s| Ok(s.posts().update(&changed, from))).unwrap()
}

pub(crate) fn finds_what_it_stored(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let post = add_post(store, &ada, "Notes");
    assert_eq!(
        (post.version, post.fields.user_id),
        (Version::FIRST, ada.id)
    );
    assert_eq!((post.created_at, post.updated_at), (at(1), at(1)));
    assert_eq!(find(store, post.id), Some(post));
    assert_eq!(find(store, PostId::MAX), None);
}

pub(crate) fn keeps_text_as_it_is(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    for content in [
        "",
        " ",
        "\t\r\n",
        "🦀\u{202e}Zoe\u{308}",
        "\\0 \\' %_ \"",
        "\u{feff}",
    ] {
        let new = new_post(&ada, " \u{202e}Title\\ ", content);
        let post = write(store, move |s| Ok(s.posts().insert(&new, at(1))?)).unwrap();
        assert_eq!(find(store, post.id), Some(post), "{content:?}");
    }
}

pub(crate) fn keeps_the_longest_content(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let new = new_post(&ada, "Notes", &"🦀".repeat(Content::MAX_CHARS));
    let post = write(store, move |s| Ok(s.posts().insert(&new, at(1))?)).unwrap();
    assert_eq!(find(store, post.id), Some(post));
}

pub(crate) fn refuses_a_missing_author(store: &dyn Store) {
    let mut missing_user = add_user(store, "Ada", "ada@example.org");
    missing_user.id = UserId::MAX;
    let new = new_post(&missing_user, "Notes", "");
    let error = write(store, move |s| Ok(s.posts().insert(&new, at(1)).err())).unwrap();
    assert!(
        matches!(
            error,
            Some(RepositoryError::MissingReference(PostFields::AUTHOR))
        ),
        "{error:?}"
    );
}

pub(crate) fn updates_the_version_it_was_told(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let eve = add_user(store, "Eve", "eve@example.org");
    let post = add_post(store, &ada, "Notes");
    let other = add_post(store, &ada, "Other");
    let change = PostChange::from(new_post(&eve, "New", "text"));
    let changed = post.clone().changed(change, at(2)).unwrap();
    assert!(update(store, &changed, post.version).unwrap());
    assert_eq!(find(store, post.id), Some(changed.clone()));
    let late = changed
        .clone()
        .changed(PostChange::default(), at(3))
        .unwrap();
    assert!(!update(store, &late, post.version).unwrap());
    assert_eq!(find(store, post.id), Some(changed));
    assert_eq!(find(store, other.id), Some(other));
}

pub(crate) fn refuses_an_update_to_a_missing_author(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let post = add_post(store, &ada, "Notes");
    let change = PostChange {
        user_id: Some(UserId::MAX),
        ..PostChange::default()
    };
    let error = update(
        store,
        &post.clone().changed(change, at(2)).unwrap(),
        post.version,
    )
    .unwrap_err();
    assert!(
        matches!(error, RepositoryError::MissingReference(PostFields::AUTHOR)),
        "{error:?}"
    );
    assert_eq!(find(store, post.id), Some(post));
}

pub(crate) fn deletes_the_version_it_was_told(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let post = add_post(store, &ada, "Notes");
    let delete = |from| {
        let id = post.id;
        write(store, move |s| Ok(s.posts().delete(id, from)?)).unwrap()
    };
    assert!(!delete(post.version.next().unwrap()));
    assert!(find(store, post.id).is_some());
    assert!(delete(post.version));
    assert_eq!(find(store, post.id), None);
}

pub(crate) fn deletes_all_of_one_author(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let eve = add_user(store, "Eve", "eve@example.org");
    let gone = [
        add_post(store, &ada, "Notes"),
        add_post(store, &ada, "More"),
    ];
    let kept = add_post(store, &eve, "Kept");
    let id = ada.id;
    write(store, move |s| {
        Ok(s.posts().delete_all(&PostFilter::Author(id))?)
    })
    .unwrap();
    assert!(gone.iter().all(|post| find(store, post.id).is_none()));
    assert_eq!(find(store, kept.id), Some(kept));
}

pub(crate) fn stores_many_in_their_order(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let bob = add_user(store, "Bob", "bob@example.org");
    let news: Vec<_> = (0..1000)
        .map(|n| {
            new_post(
                if n % 3 == 0 { &ada } else { &bob },
                &format!("{}", n * 7 % 1000),
                "…",
            )
        })
        .collect();
    let given = news.clone();
    let stored = write(store, move |s| Ok(s.posts().insert_all(&given, at(5))?)).unwrap();
    assert!(stored.is_sorted_by(|one, next| one.id < next.id));
    assert_eq!(stored.len(), news.len());
    for (post, new) in stored.iter().zip(news) {
        assert_eq!(*post, new.created(post.id, at(5)));
    }
    for post in [&stored[0], &stored[1], &stored[500], &stored[999]] {
        assert_eq!(find(store, post.id).as_ref(), Some(post));
    }
    assert!(add_post(store, &ada, "next").id > stored[999].id);
    let none = write(store, |s| Ok(s.posts().insert_all(&[], at(5))?));
    assert_eq!(none.unwrap(), []);
}

pub(crate) fn stores_all_or_none(store: &dyn Store) {
    let ada = add_user(store, "Ada", "ada@example.org");
    let last = add_post(store, &ada, "Before").id;
    let mut orphan = new_post(&ada, "orphan", "");
    orphan.user_id = UserId::MAX;
    let news = [new_post(&ada, "Notes", ""), orphan];
    write(store, move |s| {
        let refused = s.posts().insert_all(&news, at(5));
        assert!(matches!(
            refused,
            Err(RepositoryError::MissingReference(PostFields::AUTHOR))
        ));
        Ok(())
    })
    .unwrap();
    for later in 1..=10 {
        let id = PostId::try_from(last.get() + later).unwrap();
        assert_eq!(find(store, id), None);
    }
}
