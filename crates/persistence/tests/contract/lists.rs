//! Promises of `Repository::list` and `Repository::count`: every order, direction and filter, with many rows of the same sort key.

use std::collections::BTreeSet;
use std::fmt::Debug;

use byline_application::{
    Direction, KeyRange, KeysetPosition, KeysetWindow, Limit, ListQuery, Page, PostFilter,
    PostSortKey, Seek, SortValue, Store, UserFilter, UserSortKey,
};
use byline_domain::{EmailAddress, Post, PostFields, PostId, User, UserFields, UserId};

use crate::support::{at, new_post, new_user, read, write};

/// Texts in the order of their code points, which is no other order: that of
/// UTF-16 puts U+FFFD last, that of a dictionary ignores case.
const TEXTS: [&str; 12] = [
    " b", "A", "A ", "AB", "Z", "a", "ab", "ä", "\u{d7ff}", "\u{e000}", "\u{fffd}", "🦀",
];

/// Users in the order in which they were stored, most of whom share a name or a
/// time with another.
fn crowd(store: &dyn Store) -> Vec<User> {
    write(store, |s| {
        let mut users = Vec::new();
        for n in 0..48 {
            let email = format!("{}{}@example.org", ["b", "A", "c", "_"][n % 4], n * 5 % 48);
            let new = new_user(TEXTS[n * 7 % 12], &email);
            let time = [5, -3, 5, 9][n / 12];
            users.push(s.users().insert(&new, at(time))?);
        }
        Ok(users)
    })
    .unwrap()
}

/// As [`crowd`]: posts of three users, some of them changed.
fn library(store: &dyn Store) -> (Vec<User>, Vec<Post>) {
    write(store, |s| {
        let mut authors = Vec::new();
        for n in 0..3 {
            let new = new_user("Ada", &format!("ada{n}@example.org"));
            authors.push(s.users().insert(&new, at(1))?);
        }
        let mut posts = Vec::new();
        for n in 0..54 {
            let new = new_post(&authors[n % 3], TEXTS[n * 7 % 12], "…");
            let time = [5, -3, 5, 9, 5, 8][n / 9];
            let mut post = s.posts().insert(&new, at(time))?;
            if n % 4 == 0 {
                let from = post.version;
                post = post.changed(Default::default(), at(9)).unwrap();
                assert!(s.posts().update(&post, from)?);
            }
            posts.push(post);
        }
        Ok((authors, posts))
    })
    .unwrap()
}

fn users(store: &dyn Store, query: &ListQuery<UserFields>) -> (Page<User>, u64) {
    let query = query.clone();
    read(store, move |s| {
        Ok((s.users().list(&query)?, s.users().count(&query)?))
    })
    .unwrap()
}

fn posts(store: &dyn Store, query: &ListQuery<PostFields>) -> (Page<Post>, u64) {
    let query = query.clone();
    read(store, move |s| {
        Ok((s.posts().list(&query)?, s.posts().count(&query)?))
    })
    .unwrap()
}

const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

fn limit(rows: usize) -> Limit {
    Limit::try_from(i64::try_from(rows).unwrap()).unwrap()
}

/// Asserts that lists of rows with keys in `range` are what they should be: the
/// whole, every page there and back, and from every position, be it that of a
/// row or not.
fn check<K, T>(
    rows: &[T],
    range: &KeyRange<K>,
    position: impl Fn(&T) -> KeysetPosition<K>,
    list: impl Fn(KeysetWindow<K>, Direction, Limit) -> (Page<T>, u64),
) where
    K: Ord + Clone + Debug,
    T: Clone + PartialEq + Debug,
{
    let mut expected: Vec<T> = rows
        .iter()
        .filter(|row| {
            let key = position(row).key;
            range.from.as_ref().is_none_or(|from| key >= *from)
                && range.to.as_ref().is_none_or(|to| key < *to)
        })
        .cloned()
        .collect();
    expected.sort_by_key(|row| position(row));
    for direction in DIRECTIONS {
        let page = |seek, rows: usize| {
            let range = range.clone();
            let (page, count) = list(KeysetWindow { range, seek }, direction, limit(rows));
            assert_eq!(count, u64::try_from(expected.len()).unwrap());
            (page.items, page.more)
        };
        assert_eq!(page(Seek::First, 100), (expected.clone(), false));
        // Rows far apart, so that positions outside the range come up too.
        for row in rows.iter().step_by(5) {
            for step in [-1, 0, 1] {
                let mut at = position(row);
                at.id += step;
                let ahead = |row: &T| match direction {
                    Direction::Ascending => position(row) < at,
                    Direction::Descending => position(row) > at,
                };
                let behind = |row: &T| !ahead(row) && position(row) != at;
                let left: Vec<T> = expected.iter().filter(|row| ahead(row)).cloned().collect();
                let right: Vec<T> = expected.iter().filter(|row| behind(row)).cloned().collect();
                let next = right.iter().take(3).cloned().collect();
                assert_eq!(page(Seek::After(at.clone()), 3), (next, right.len() > 3));
                let skipped = left.len().saturating_sub(3);
                let prev = left[skipped..].to_vec();
                assert_eq!(page(Seek::Before(at.clone()), 3), (prev, skipped > 0));
            }
        }
        expected.reverse();
    }
}

/// The order of a list: a sort key, and its window.
type Order<K> = (K, KeysetWindow<SortValue>);

fn values<K: Into<SortValue>>(range: KeyRange<K>) -> KeyRange<SortValue> {
    KeyRange {
        from: range.from.map(Into::into),
        to: range.to.map(Into::into),
    }
}

fn everything() -> KeyRange<SortValue> {
    KeyRange::default()
}

/// All, those with a prefix, and some with ends that are keys or lie between.
fn text_ranges() -> Vec<KeyRange<SortValue>> {
    let mut ranges: Vec<_> = [
        "",
        "A",
        " ",
        "Z",
        "\u{d7ff}",
        "\u{fffd}",
        "🦀",
        "\u{10ffff}",
        "nobody",
    ]
    .map(KeyRange::starting_with)
    .into();
    let (from, to) = (Some("A ".to_owned()), Some("ä".to_owned()));
    ranges.push(KeyRange { from, to });
    ranges.into_iter().map(values).collect()
}

fn time_ranges() -> Vec<KeyRange<SortValue>> {
    [
        (None, None),
        (Some(5), None),
        (None, Some(5)),
        (Some(-3), Some(9)),
        (Some(6), Some(6)),
        (Some(9), Some(-3)),
    ]
    .into_iter()
    .map(|(from, to): (Option<i64>, Option<i64>)| KeyRange {
        from: from.map(at),
        to: to.map(at),
    })
    .map(values)
    .collect()
}

/// The query of a list of users, by whichever order.
fn user_query(
    (sort, window): Order<UserSortKey>,
    direction: Direction,
    limit: Limit,
) -> ListQuery<UserFields> {
    ListQuery {
        filter: None,
        sort,
        window,
        direction,
        limit,
    }
}

pub(crate) fn orders_users_by_id(store: &dyn Store) {
    let position = |user: &User| KeysetPosition {
        key: SortValue::None,
        id: user.id.get(),
    };
    check(
        &crowd(store),
        &everything(),
        position,
        |span, way, limit| users(store, &user_query((UserSortKey::Id, span), way, limit)),
    );
}

pub(crate) fn orders_users_by_name(store: &dyn Store) {
    let crowd = crowd(store);
    let position = |user: &User| KeysetPosition {
        key: user.fields.name.as_str().into(),
        id: user.id.get(),
    };
    for range in text_ranges() {
        check(&crowd, &range, position, |span, way, limit| {
            users(store, &user_query((UserSortKey::Name, span), way, limit))
        });
    }
}

pub(crate) fn orders_users_by_email(store: &dyn Store) {
    let position = |user: &User| KeysetPosition {
        key: user.fields.email.key().into(),
        id: user.id.get(),
    };
    check(
        &crowd(store),
        &everything(),
        position,
        |span, way, limit| users(store, &user_query((UserSortKey::Email, span), way, limit)),
    );
}

pub(crate) fn orders_users_by_time(store: &dyn Store) {
    let crowd = crowd(store);
    let position = |user: &User| KeysetPosition {
        key: user.created_at.into(),
        id: user.id.get(),
    };
    for range in time_ranges() {
        check(&crowd, &range, position, |span, way, limit| {
            users(
                store,
                &user_query((UserSortKey::CreatedAt, span), way, limit),
            )
        });
    }
}

pub(crate) fn finds_an_email_in_every_order(store: &dyn Store) {
    let crowd = crowd(store);
    let shouting =
        EmailAddress::parse(crowd[7].fields.email.as_str().to_ascii_uppercase()).unwrap();
    let of = |email: &EmailAddress, order, direction| ListQuery {
        filter: Some(UserFilter::Email(email.clone())),
        ..user_query(order, direction, Limit::MAX)
    };
    let one = &crowd[7..8];
    for way in DIRECTIONS {
        check(
            one,
            &everything(),
            |user| KeysetPosition {
                key: SortValue::None,
                id: user.id.get(),
            },
            |span, way, _| users(store, &of(&shouting, (UserSortKey::Id, span), way)),
        );
        let email = KeysetPosition {
            key: one[0].fields.email.key().into(),
            id: one[0].id.get(),
        };
        let behind = of(
            &shouting,
            (UserSortKey::Email, Seek::After(email).into()),
            way,
        );
        assert_eq!(users(store, &behind).0.items, []);
        let unknown = EmailAddress::parse("nobody@example.org").unwrap();
        let (page, count) = users(
            store,
            &of(&unknown, (UserSortKey::Id, Seek::First.into()), way),
        );
        assert_eq!((page.items, count), (Vec::new(), 0));
    }
    for range in text_ranges() {
        let position = |user: &User| KeysetPosition {
            key: user.fields.name.as_str().into(),
            id: user.id.get(),
        };
        check(one, &range, position, |span, way, _| {
            users(store, &of(&shouting, (UserSortKey::Name, span), way))
        });
    }
    for range in time_ranges() {
        let position = |user: &User| KeysetPosition {
            key: user.created_at.into(),
            id: user.id.get(),
        };
        check(one, &range, position, |span, way, _| {
            users(store, &of(&shouting, (UserSortKey::CreatedAt, span), way))
        });
    }
}

/// Calls `check` with all posts and with those of each author.
fn with_each_author(
    store: &dyn Store,
    check: impl Fn(&[Post], &dyn Fn(Order<PostSortKey>, Direction, Limit) -> (Page<Post>, u64)),
) {
    let (authors, written) = library(store);
    let list = |author: Option<UserId>| {
        move |(sort, window): Order<PostSortKey>, direction, limit| {
            let query = ListQuery {
                filter: author.map(PostFilter::Author),
                sort,
                window,
                direction,
                limit,
            };
            posts(store, &query)
        }
    };
    check(&written, &list(None));
    for author in authors.iter().map(|author| author.id).chain([UserId::MAX]) {
        let theirs = written.iter().filter(|post| post.fields.user_id == author);
        let theirs: Vec<Post> = theirs.cloned().collect();
        check(&theirs, &list(Some(author)));
    }
}

pub(crate) fn orders_posts_by_id(store: &dyn Store) {
    let position = |post: &Post| KeysetPosition {
        key: SortValue::None,
        id: post.id.get(),
    };
    with_each_author(store, |posts, list| {
        check(posts, &everything(), position, |span, way, limit| {
            list((PostSortKey::Id, span), way, limit)
        });
    });
}

pub(crate) fn orders_posts_by_title(store: &dyn Store) {
    let position = |post: &Post| KeysetPosition {
        key: post.fields.title.as_str().into(),
        id: post.id.get(),
    };
    with_each_author(store, |posts, list| {
        for range in text_ranges() {
            check(posts, &range, position, |span, way, limit| {
                list((PostSortKey::Title, span), way, limit)
            });
        }
    });
}

pub(crate) fn orders_posts_by_time(store: &dyn Store) {
    let created = |post: &Post| KeysetPosition {
        key: post.created_at.into(),
        id: post.id.get(),
    };
    let updated = |post: &Post| KeysetPosition {
        key: post.updated_at.into(),
        id: post.id.get(),
    };
    with_each_author(store, |posts, list| {
        for range in time_ranges() {
            check(posts, &range, created, |span, way, limit| {
                list((PostSortKey::CreatedAt, span), way, limit)
            });
            check(posts, &range, updated, |span, way, limit| {
                list((PostSortKey::UpdatedAt, span), way, limit)
            });
        }
    });
}

pub(crate) fn finds_users_by_their_ids(store: &dyn Store) {
    let crowd = crowd(store);
    let find = |ids: BTreeSet<UserId>| read(store, move |s| Ok(s.users().find_all(&ids)?)).unwrap();
    assert!(find(BTreeSet::new()).is_empty());
    let some = crowd.iter().step_by(3).take(100);
    let expected = some.map(|user| (user.id, user.clone())).collect();
    let ids = crowd.iter().step_by(3).map(|user| user.id);
    assert_eq!(find(ids.chain([UserId::MAX]).collect()), expected);
}

pub(crate) fn survives_positions_that_no_row_can_have(store: &dyn Store) {
    let crowd = crowd(store);
    for id in [i64::MIN, -1, 0, PostId::MAX.get() + 1, i64::MAX] {
        let seek = Seek::After(KeysetPosition {
            key: SortValue::None,
            id,
        });
        let (page, _) = users(
            store,
            &user_query(
                (UserSortKey::Id, seek.into()),
                Direction::Ascending,
                Limit::MAX,
            ),
        );
        let expected: &[User] = if id > 0 { &[] } else { &crowd };
        assert_eq!(page.items, expected, "{id}");
        let key = "\0\u{10ffff}".repeat(300).into();
        let seek = Seek::Before(KeysetPosition { key, id });
        let order = (UserSortKey::Name, KeysetWindow::from(seek));
        let (page, _) = users(store, &user_query(order, Direction::Descending, Limit::MAX));
        assert_eq!(page.items.len(), crowd.len());
    }
}
