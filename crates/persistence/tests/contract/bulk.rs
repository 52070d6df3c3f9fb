//! Promises of `Repository` about many rows.

use std::collections::BTreeSet;

use byline_application::{AppError, Conflict, ImportedRow, RepositoryError, Store, UniqueKey};
use byline_domain::{
    Content, EmailAddress, Post, PostFields, PostId, Title, User, UserFields, UserId, UserName,
    Version,
};

use crate::support::{add_user, at, block_on, new_user, read, soon, write};

fn user(id: i64, email: &str) -> User {
    User {
        id: UserId::try_from(id).unwrap(),
        fields: UserFields {
            name: UserName::parse(format!("User {id} 𝒜ב\u{301}")).unwrap(),
            email: EmailAddress::parse(email).unwrap(),
        },
        created_at: at(-7),
        updated_at: at(id),
        version: Version::new(id + 3).unwrap(),
    }
}

fn numbered(ids: impl IntoIterator<Item = i64>) -> Vec<User> {
    let ids = ids.into_iter();
    ids.map(|id| user(id, &format!("N{id}@example.org")))
        .collect()
}

fn post(id: i64, author: i64) -> Post {
    Post {
        id: PostId::try_from(id).unwrap(),
        fields: PostFields {
            user_id: UserId::try_from(author).unwrap(),
            title: Title::parse(format!("\u{202E}title {id} 🦀")).unwrap(),
            content: Content::parse(format!("\r\n\t\"', \\ {id} a\u{308}\u{FEFF}")).unwrap(),
        },
        created_at: at(5),
        updated_at: at(5 + id),
        version: Version::new(id).unwrap(),
    }
}

fn insert_users(store: &dyn Store, users: Vec<User>) -> Result<(), AppError> {
    write(store, move |s| Ok(s.users().insert_rows(&users)?))
}

fn insert_posts(store: &dyn Store, posts: Vec<Post>) -> Result<(), AppError> {
    write(store, move |s| Ok(s.posts().insert_rows(&posts)?))
}

fn all_users(store: &dyn Store) -> Vec<User> {
    read(store, |s| Ok(s.users().rows_after(0, 100_000)?)).unwrap()
}

fn all_posts(store: &dyn Store) -> Vec<Post> {
    read(store, |s| Ok(s.posts().rows_after(0, 100_000)?)).unwrap()
}

pub(crate) fn stores_users_as_they_are(store: &dyn Store) {
    // In no order, more than a statement takes, up to the last id.
    let mut users = numbered((1..=700).rev());
    users.push(user(UserId::MAX.get() - 3, "last@example.org"));
    insert_users(store, users.clone()).unwrap();
    users.sort_by_key(|user| user.id);
    assert_eq!(all_users(store), users);
}

pub(crate) fn stores_posts_as_they_are(store: &dyn Store) {
    insert_users(store, numbered([3, 9])).unwrap();
    let mut posts: Vec<_> = (1..=700).map(|id| post(id, 3 + id % 2 * 6)).collect();
    posts[3].fields.content = Content::parse("𝒜".repeat(Content::MAX_CHARS)).unwrap();
    insert_posts(store, posts.clone()).unwrap();
    assert_eq!(all_posts(store), posts);
}

pub(crate) fn goes_through_all_rows_in_order(store: &dyn Store) {
    insert_users(store, numbered([5, 2, 9])).unwrap();
    insert_posts(store, vec![post(4, 5), post(2, 9)]).unwrap();
    let ids = |after: i64, most: u32| {
        read(store, move |s| {
            let users = s.users().rows_after(after, most)?;
            let posts = s.posts().rows_after(after, most)?;
            let users = users.iter().map(|user| user.id.get()).collect::<Vec<_>>();
            let posts = posts.iter().map(|post| post.id.get()).collect::<Vec<_>>();
            Ok((users, posts))
        })
        .unwrap()
    };
    assert_eq!(ids(0, 2), (vec![2, 5], vec![2, 4]));
    assert_eq!(ids(2, 2), (vec![5, 9], vec![4]));
    assert_eq!(ids(i64::MAX, 2), (vec![], vec![]));
}

pub(crate) fn finds_rows_alike_each_once(store: &dyn Store) {
    insert_users(store, numbered(1..=600)).unwrap();
    insert_posts(store, (1..=600).map(|id| post(id, id)).collect()).unwrap();
    let found = read(store, |s| {
        let ids: BTreeSet<_> = (3..=700)
            .filter_map(|id| UserId::try_from(id).ok())
            .collect();
        let emails = [
            "n3@example.org",
            "n1@example.org",
            "x@example.org",
            "N2@example.org",
        ];
        let emails = emails.map(str::to_owned).into();
        let users = s.users().find_conflicting(&ids, &emails)?;
        let existing = s
            .users()
            .existing(&ids.iter().map(|id| id.get()).collect())?;
        let ids = ids.iter().filter_map(|id| PostId::try_from(id.get()).ok());
        let posts = s
            .posts()
            .find_conflicting(&ids.collect(), &BTreeSet::new())?;
        let none = s
            .users()
            .find_conflicting(&BTreeSet::new(), &BTreeSet::new())?;
        assert_eq!(none, []);
        Ok((users, existing, posts))
    });
    let (mut users, existing, mut posts) = found.unwrap();
    users.sort_by_key(|user| user.id);
    posts.sort_by_key(|post| post.id);
    let expected: Vec<i64> = [1].into_iter().chain(3..=600).collect();
    assert_eq!(users, numbered(expected));
    assert_eq!(
        existing.into_iter().collect::<Vec<_>>(),
        (3..=600).collect::<Vec<_>>()
    );
    assert_eq!(posts, (3..=600).map(|id| post(id, id)).collect::<Vec<_>>());
}

pub(crate) fn refuses_what_has_no_place(store: &dyn Store) {
    insert_users(store, numbered([1])).unwrap();
    let refused = write(store, |s| {
        let taken = s.users().insert_rows(&[user(2, "n1@EXAMPLE.org")]);
        assert!(matches!(
            taken,
            Err(RepositoryError::Duplicate(UniqueKey::UserEmail))
        ));
        let orphan = s.posts().insert_rows(&[post(1, 7)]);
        assert!(matches!(
            orphan,
            Err(RepositoryError::MissingReference(PostFields::AUTHOR))
        ));
        // The session goes on.
        Ok(s.users().insert_rows(&[user(3, "n3@example.org")])?)
    });
    refused.unwrap();
    assert_eq!(
        all_users(store),
        numbered([1, 3])
            .into_iter()
            .map(|mut user| {
                if user.id.get() == 3 {
                    user.fields.email = EmailAddress::parse("n3@example.org").unwrap();
                }
                user
            })
            .collect::<Vec<_>>()
    );
}

pub(crate) fn numbers_rows_anew(store: &dyn Store) {
    insert_users(store, vec![user(41, "first@example.org")]).unwrap();
    let records: Vec<ImportedRow<UserFields>> =
        numbered(1..=300).into_iter().map(Into::into).collect();
    let ids = write(store, move |s| {
        let users = s.users().insert_with_new_ids(&records)?;
        let posts: Vec<ImportedRow<PostFields>> = users
            .iter()
            .map(|author| post(1000, author.get()).into())
            .collect();
        Ok((users, s.posts().insert_with_new_ids(&posts)?))
    });
    let (users, posts) = ids.unwrap();
    assert!(users.is_sorted() && posts.is_sorted());
    assert!(users.iter().all(|id| id.get() > 41));
    let stored = all_users(store);
    assert_eq!(stored.len(), 301);
    for (given, (id, stored)) in (1..).zip(users.iter().zip(&stored[1..])) {
        let expected = ImportedRow::from(numbered([given]).remove(0)).under(*id);
        assert_eq!(stored, &expected);
    }
    for (stored, (id, author)) in all_posts(store).iter().zip(posts.iter().zip(&users)) {
        let expected = ImportedRow::from(post(1000, author.get())).under(*id);
        assert_eq!(stored, &expected);
    }
}

pub(crate) fn gives_no_id_that_is_retired(store: &dyn Store) {
    let last = |store: &dyn Store| {
        read(store, |s| Ok((s.users().last_id()?, s.posts().last_id()?))).unwrap()
    };
    let retire = |user, post| {
        write(store, move |s| {
            s.users().advance_id_sequence(user)?;
            Ok(s.posts().advance_id_sequence(post)?)
        })
        .unwrap();
    };
    assert_eq!(last(store), (0, 0));
    retire(7, 0);
    assert_eq!(all_users(store), []);
    let ada = add_user(store, "Ada", "ada@example.org");
    assert_eq!(ada.id.get(), 8);
    retire(3, 20);
    assert_eq!(last(store), (8, 20));
    insert_posts(store, vec![post(4, 8)]).unwrap();
    let next = write(store, move |s| {
        let new = crate::support::new_post(&ada, "Notes", "…");
        let post = s.posts().insert(&new, at(1))?.id.get();
        let user = s
            .users()
            .insert(&new_user("Bob", "bob@example.org"), at(1))?;
        Ok((user.id.get(), post))
    });
    assert_eq!(next.unwrap(), (9, 21));
    assert_eq!(last(store), (9, 21));
}

/// Every way that a row comes in without an id, in a transaction and by itself.
pub(crate) fn gives_no_id_beyond_the_last(store: &dyn Store) {
    let last = UserId::MAX.get();
    let mut rows = numbered([1]);
    rows.push(User {
        id: UserId::MAX,
        version: Version::FIRST,
        ..user(2, "last@example.org")
    });
    insert_users(store, rows).unwrap();
    let mut notes = post(1, 1);
    notes.id = PostId::MAX;
    insert_posts(store, vec![notes]).unwrap();

    let author = UserId::try_from(1).unwrap();
    let new = || new_user("Bob", "bob@example.org");
    let new_post = move || PostFields {
        user_id: author,
        title: Title::parse("More").unwrap(),
        content: Content::parse("").unwrap(),
    };
    // More than once: no attempt brings the next one further.
    for _ in 0..3 {
        let ended = write(store, move |s| Ok(s.users().insert(&new(), at(1)).err()));
        assert_used_up(&ended);
        let ended = block_on(store.create(soon(), move |s| {
            Ok(s.users().insert(&new(), at(1)).map(drop)?)
        }));
        assert_used_up(&ended.map(|()| None));
        let ended = write(store, move |s| {
            Ok(s.posts().insert(&new_post(), at(1)).err())
        });
        assert_used_up(&ended);
        let ended = block_on(store.create(soon(), move |s| {
            Ok(s.posts().insert(&new_post(), at(1)).map(drop)?)
        }));
        assert_used_up(&ended.map(|()| None));
        let ended = write(store, move |s| {
            Ok(s.users().insert_all(&[new()], at(1)).err())
        });
        assert_used_up(&ended);
        let ended = write(store, move |s| {
            Ok(s.posts().insert_all(&[new_post()], at(1)).err())
        });
        assert_used_up(&ended);
        let ended = write(store, move |s| {
            let record = ImportedRow::from(user(7, "bob@example.org"));
            Ok(s.users().insert_with_new_ids(&[record]).err())
        });
        assert_used_up(&ended);
        let ended = write(store, move |s| {
            let record = ImportedRow::from(post(7, 1));
            Ok(s.posts().insert_with_new_ids(&[record]).err())
        });
        assert_used_up(&ended);
    }
    let ids: Vec<_> = all_users(store).iter().map(|user| user.id.get()).collect();
    assert_eq!(ids, [1, last]);
    let ids: Vec<_> = all_posts(store).iter().map(|post| post.id.get()).collect();
    assert_eq!(ids, [last]);
}

/// Whether the job has ended so, or told so.
fn assert_used_up(ended: &Result<Option<RepositoryError>, AppError>) {
    assert!(
        matches!(
            ended,
            Ok(Some(RepositoryError::NoIdLeft)) | Err(AppError::Conflict(Conflict::NoIdLeft))
        ),
        "{ended:?}"
    );
}
