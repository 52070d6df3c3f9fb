//! A list walked page by page while rows come and go: those that are there all
//! the time are seen exactly once, there and back.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Debug;

use byline_application::{
    Direction, KeyRange, KeysetPosition, KeysetWindow, Limit, ListQuery, Page, PostFilter,
    PostSortKey, Seek, Session, SortValue, Store, UserSortKey,
};
use byline_domain::{Post, User, UserId};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{at, new_post, new_user, read, write};

/// A row to be: from so few values that many rows have the same sort key.
type Seed = (u8, u8);

/// What happens between two pages.
#[derive(Clone, Debug)]
struct Turn {
    inserts: Vec<Seed>,
    deletes: Vec<Index>,
}

#[derive(Clone, Debug)]
struct Story {
    rows: Vec<Seed>,
    turns: Vec<Turn>,
    sort: usize,
    direction: Direction,
    narrow: bool,
    /// Only what belongs to one author.
    of_one: bool,
    limit: i64,
}

fn story() -> impl Strategy<Value = Story> {
    let seed = || (0..3_u8, 0..3_u8);
    let turn = (
        prop::collection::vec(seed(), 0..4),
        prop::collection::vec(any::<Index>(), 0..3),
    );
    let turn = turn.prop_map(|(inserts, deletes)| Turn { inserts, deletes });
    let direction = prop_oneof![Just(Direction::Ascending), Just(Direction::Descending)];
    (
        prop::collection::vec(seed(), 0..16),
        prop::collection::vec(turn, 0..8),
        0..4_usize,
        direction,
        any::<(bool, bool)>(),
        1..5_i64,
    )
        .prop_map(
            |(rows, turns, sort, direction, (narrow, of_one), limit)| Story {
                rows,
                turns,
                sort,
                direction,
                narrow,
                of_one,
                limit,
            },
        )
}

fn tell(check: impl Fn(Story)) {
    let mut runner = TestRunner::new(Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&story(), |story| {
            check(story);
            Ok(())
        })
        .unwrap();
}

/// Rows that come and go.
trait Shelf {
    type Row: Clone + Debug;

    fn insert(&self, seed: Seed) -> Self::Row;
    fn delete(&self, row: &Self::Row);
    /// Whether the list of the story has such rows.
    fn belongs(&self, row: &Self::Row, story: &Story) -> bool;
    fn id(row: &Self::Row) -> i64;
}

/// Walks through the whole list of `story` and back, with a turn between any
/// two pages.
fn walk<S: Shelf, K: Ord + Clone + Debug>(
    shelf: &S,
    story: &Story,
    range: &KeyRange<K>,
    key: impl Fn(&S::Row) -> K,
    list: impl Fn(KeysetWindow<K>, Direction, Limit) -> Page<S::Row>,
) {
    let limit = Limit::try_from(story.limit).unwrap();
    let page = |seek| {
        let range = range.clone();
        list(KeysetWindow { range, seek }, story.direction, limit)
    };
    let position = |row: &S::Row| KeysetPosition {
        key: key(row),
        id: S::id(row),
    };
    let mut rows: Vec<S::Row> = story.rows.iter().map(|seed| shelf.insert(*seed)).collect();
    let inside = |row: &&S::Row| {
        shelf.belongs(row, story)
            && range.from.as_ref().is_none_or(|from| key(row) >= *from)
            && range.to.as_ref().is_none_or(|to| key(row) < *to)
    };
    let mut lasting: BTreeSet<i64> = rows.iter().filter(inside).map(S::id).collect();
    let mut turns = story.turns.iter();
    let mut turn = |lasting: &mut BTreeSet<i64>| {
        let Some(turn) = turns.next() else { return };
        for index in turn.deletes.iter().take(rows.len()) {
            let gone = rows.swap_remove(index.index(rows.len()));
            shelf.delete(&gone);
            lasting.remove(&S::id(&gone));
        }
        rows.extend(turn.inserts.iter().map(|seed| shelf.insert(*seed)));
    };

    let (seen, last) = there(&page, &position, || turn(&mut lasting));
    assert_seen_once(&seen, &lasting, story.direction);
    if let Some(last) = last {
        let ahead = seen.iter().filter(|at| match story.direction {
            Direction::Ascending => **at < last,
            Direction::Descending => **at > last,
        });
        let mut lasting = ahead
            .map(|at| at.id)
            .filter(|id| lasting.contains(id))
            .collect();
        let seen = back(last, &page, &position, || turn(&mut lasting));
        assert_seen_once(&seen, &lasting, story.direction);
    }
    for row in &rows {
        shelf.delete(row);
    }
}

type Places<K> = Vec<KeysetPosition<K>>;

/// The rows of all pages, and the first of the last page.
fn there<K: Clone, R>(
    page: &dyn Fn(Seek<KeysetPosition<K>>) -> Page<R>,
    position: &dyn Fn(&R) -> KeysetPosition<K>,
    mut turn: impl FnMut(),
) -> (Places<K>, Option<KeysetPosition<K>>) {
    let mut seen = Vec::new();
    let mut seek = Seek::First;
    loop {
        let found = page(seek);
        seen.extend(found.items.iter().map(position));
        match found.items.last() {
            Some(row) if found.more => seek = Seek::After(position(row)),
            _ => return (seen, found.items.first().map(position)),
        }
        turn();
    }
}

/// The rows of all pages ahead of `from`, in the order of the list.
fn back<K: Clone, R>(
    from: KeysetPosition<K>,
    page: &dyn Fn(Seek<KeysetPosition<K>>) -> Page<R>,
    position: &dyn Fn(&R) -> KeysetPosition<K>,
    mut turn: impl FnMut(),
) -> Places<K> {
    let mut seen = Vec::new();
    let mut seek = Seek::Before(from);
    loop {
        turn();
        let found = page(seek);
        seen.extend(found.items.iter().rev().map(position));
        match found.items.first() {
            Some(row) if found.more => seek = Seek::Before(position(row)),
            _ => break,
        }
    }
    seen.reverse();
    seen
}

/// In the order of the list, none twice, and none of the lasting ones missing.
fn assert_seen_once<K: Ord + Debug>(
    seen: &[KeysetPosition<K>],
    lasting: &BTreeSet<i64>,
    direction: Direction,
) {
    assert!(
        seen.is_sorted_by(|one, next| match direction {
            Direction::Ascending => one < next,
            Direction::Descending => one > next,
        }),
        "{seen:?}"
    );
    let ids: BTreeSet<i64> = seen.iter().map(|at| at.id).collect();
    assert!(lasting.is_subset(&ids), "{lasting:?} in {seen:?}");
}

const TEXTS: [&str; 3] = ["Ada", "Adam", "Bea"];

fn text_range(narrow: bool) -> KeyRange<SortValue> {
    let range = KeyRange::starting_with(if narrow { "Ad" } else { "" });
    KeyRange {
        from: range.from.map(Into::into),
        to: range.to.map(Into::into),
    }
}

fn time_range(narrow: bool) -> KeyRange<SortValue> {
    KeyRange {
        from: narrow.then(|| at(1).into()),
        to: narrow.then(|| at(2).into()),
    }
}

struct Users<'s> {
    store: &'s dyn Store,
    number: &'s Cell<u64>,
}

impl Shelf for Users<'_> {
    type Row = User;

    fn insert(&self, (name, time): Seed) -> User {
        let number = self.number.replace(self.number.get() + 1);
        // In no order, so that walks by address go through all of them.
        let email = format!("{}@example.org", number.reverse_bits());
        let new = new_user(TEXTS[usize::from(name)], &email);
        let insert = move |s: &mut dyn Session| Ok(s.users().insert(&new, at(i64::from(time)))?);
        write(self.store, insert).unwrap()
    }

    fn delete(&self, row: &User) {
        let (id, version) = (row.id, row.version);
        assert!(write(self.store, move |s| Ok(s.users().delete(id, version)?)).unwrap());
    }

    fn belongs(&self, _: &User, _: &Story) -> bool {
        true
    }

    fn id(row: &User) -> i64 {
        row.id.get()
    }
}

pub(crate) fn see_every_lasting_user_once(store: &dyn Store) {
    let number = Cell::new(1);
    let shelf = Users {
        store,
        number: &number,
    };
    let list = |(sort, window), direction, limit| {
        let query = ListQuery {
            filter: None,
            sort,
            window,
            direction,
            limit,
        };
        read(store, move |s| Ok(s.users().list(&query)?)).unwrap()
    };
    tell(|story| match story.sort {
        0 => walk(
            &shelf,
            &story,
            &KeyRange::default(),
            |_| SortValue::None,
            |span, way, limit| list((UserSortKey::Id, span), way, limit),
        ),
        1 => {
            let name = |user: &User| SortValue::from(user.fields.name.as_str());
            walk(
                &shelf,
                &story,
                &text_range(story.narrow),
                name,
                |span, way, limit| list((UserSortKey::Name, span), way, limit),
            );
        }
        2 => {
            let email = |user: &User| SortValue::from(user.fields.email.key());
            walk(
                &shelf,
                &story,
                &KeyRange::default(),
                email,
                |span, way, limit| list((UserSortKey::Email, span), way, limit),
            );
        }
        _ => {
            let time = |user: &User| user.created_at.into();
            walk(
                &shelf,
                &story,
                &time_range(story.narrow),
                time,
                |span, way, limit| list((UserSortKey::CreatedAt, span), way, limit),
            );
        }
    });
}

struct Posts<'s> {
    store: &'s dyn Store,
    authors: &'s [User; 2],
}

impl Shelf for Posts<'_> {
    type Row = Post;

    fn insert(&self, (title, time): Seed) -> Post {
        // The author is that of one of two lists.
        let author = &self.authors[usize::from(title % 2)];
        let new = new_post(author, TEXTS[usize::from(title)], "");
        let time = i64::from(time);
        let insert = move |s: &mut dyn Session| {
            let post = s.posts().insert(&new, at(time))?;
            let (from, changed) = (
                post.version,
                post.changed(Default::default(), at(2)).unwrap(),
            );
            if time % 2 == 0 {
                assert!(s.posts().update(&changed, from)?);
                return Ok(changed);
            }
            Ok(s.posts().find(changed.id)?.unwrap())
        };
        write(self.store, insert).unwrap()
    }

    fn delete(&self, row: &Post) {
        let (id, version) = (row.id, row.version);
        assert!(write(self.store, move |s| Ok(s.posts().delete(id, version)?)).unwrap());
    }

    fn belongs(&self, row: &Post, story: &Story) -> bool {
        !story.of_one || row.fields.user_id == self.authors[0].id
    }

    fn id(row: &Post) -> i64 {
        row.id.get()
    }
}

pub(crate) fn see_every_lasting_post_once(store: &dyn Store) {
    let add = |name: &str| {
        let new = new_user(name, &format!("{name}@example.org"));
        write(store, move |s| Ok(s.users().insert(&new, at(1))?)).unwrap()
    };
    let authors = [add("Ada"), add("Bea")];
    let list = |author: Option<UserId>| {
        move |(sort, window), direction, limit| {
            let query = ListQuery {
                filter: author.map(PostFilter::Author),
                sort,
                window,
                direction,
                limit,
            };
            read(store, move |s| Ok(s.posts().list(&query)?)).unwrap()
        }
    };
    let shelf = Posts {
        store,
        authors: &authors,
    };
    tell(|story| {
        let list = list(story.of_one.then_some(authors[0].id));
        match story.sort {
            0 => walk(
                &shelf,
                &story,
                &KeyRange::default(),
                |_| SortValue::None,
                |span, way, limit| list((PostSortKey::Id, span), way, limit),
            ),
            1 => {
                let title = |post: &Post| SortValue::from(post.fields.title.as_str());
                walk(
                    &shelf,
                    &story,
                    &text_range(story.narrow),
                    title,
                    |span, way, limit| list((PostSortKey::Title, span), way, limit),
                );
            }
            2 => {
                let time = |post: &Post| post.created_at.into();
                walk(
                    &shelf,
                    &story,
                    &time_range(story.narrow),
                    time,
                    |span, way, limit| list((PostSortKey::CreatedAt, span), way, limit),
                );
            }
            _ => {
                let time = |post: &Post| post.updated_at.into();
                walk(
                    &shelf,
                    &story,
                    &time_range(story.narrow),
                    time,
                    |span, way, limit| list((PostSortKey::UpdatedAt, span), way, limit),
                );
            }
        }
    });
}
