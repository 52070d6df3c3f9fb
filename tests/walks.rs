//! Lists walked page by page over HTTP while rows come and go at random.

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{Client, Sandbox, on_each_engine};

on_each_engine! {
    rows_that_last_are_seen_once_in_every_order,
}

/// The lists, with the sorts that each has. Of the texts and times few differ,
/// so that many rows have the same key.
const LISTS: [(&str, &[&str]); 3] = [
    ("/users", &["id", "name", "email", "created_at"]),
    ("/posts", &["id", "title", "created_at", "updated_at"]),
    (
        "/users/1/posts",
        &["id", "title", "created_at", "updated_at"],
    ),
];

/// Stories that are told of each list in each order.
const STORIES: u32 = 3;

/// What happens between two pages.
#[derive(Clone, Debug)]
struct Turn {
    inserts: Vec<u8>,
    deletes: Vec<Index>,
}

#[derive(Clone, Debug)]
struct Story {
    rows: Vec<u8>,
    turns: Vec<Turn>,
    limit: u8,
}

fn story() -> impl Strategy<Value = Story> {
    let turn = (
        prop::collection::vec(0..3_u8, 0..4),
        prop::collection::vec(any::<Index>(), 0..3),
    );
    let turn = turn.prop_map(|(inserts, deletes)| Turn { inserts, deletes });
    let rows = prop::collection::vec(0..3_u8, 4..14);
    let turns = prop::collection::vec(turn, 0..10);
    (rows, turns, 1..4_u8).prop_map(|(rows, turns, limit)| Story { rows, turns, limit })
}

/// Rows that come and go, and the ids of those that were there all the time.
struct Shelf<'c> {
    client: &'c Client,
    list: &'static str,
    number: u64,
    rows: Vec<i64>,
    lasting: BTreeSet<i64>,
}

impl Shelf<'_> {
    fn insert(&mut self, seed: u8) {
        self.number += 1;
        let text = ["Ada", "Adam", "\u{1f58b}"][usize::from(seed)];
        let row = match self.list {
            "/users" => {
                // In no order, so that walks by address go through all of them.
                let email = format!("{}@example.org", self.number.reverse_bits());
                json!({"name": text, "email": email})
            }
            "/posts" => json!({"user_id": 1 + i64::from(seed % 2), "title": text, "content": ""}),
            _ => json!({"title": text, "content": ""}),
        };
        let created = self.client.post(self.list, &row);
        assert_eq!(created.status, 201, "{created:?}");
        self.rows.push(id(&created.json()));
    }

    fn delete(&mut self, index: &Index) {
        if self.rows.is_empty() {
            return;
        }
        let id = self.rows.swap_remove(index.index(self.rows.len()));
        self.lasting.remove(&id);
        self.remove(id);
    }

    fn remove(&self, id: i64) {
        let path = match self.list {
            "/users" => format!("/users/{id}"),
            _ => format!("/posts/{id}"),
        };
        assert_eq!(self.client.send("DELETE", &path, &[], None).status, 204);
    }

    fn turn(&mut self, turn: Option<&Turn>) {
        let Some(turn) = turn else { return };
        turn.deletes.iter().for_each(|index| self.delete(index));
        turn.inserts.iter().for_each(|seed| self.insert(*seed));
    }
}

fn id(row: &Value) -> i64 {
    row["id"].as_i64().unwrap()
}

/// Follows a relation from page to page; gives the ids of each page.
fn follow(
    shelf: &mut Shelf<'_>,
    from: String,
    relation: &str,
    turns: &mut dyn Iterator<Item = &Turn>,
) -> (Vec<Vec<i64>>, Option<String>) {
    let (mut pages, mut next, mut last_prev) = (Vec::new(), Some(from), None);
    while let Some(path) = next {
        let page = shelf.client.get(&path);
        assert_eq!(page.status, 200, "{path}: {page:?}");
        pages.push(page.json().as_array().unwrap().iter().map(id).collect());
        last_prev = page.link("prev");
        next = page.link(relation);
        shelf.turn(turns.next());
    }
    (pages, last_prev)
}

fn assert_seen_once(seen: &[i64], lasting: &BTreeSet<i64>, path: &str) {
    let ids: BTreeSet<i64> = seen.iter().copied().collect();
    assert_eq!(ids.len(), seen.len(), "{path}: {seen:?}");
    assert!(lasting.is_subset(&ids), "{path}: {lasting:?} in {seen:?}");
}

fn walk(client: &Client, list: &'static str, sort: &str, story: &Story, number: &Cell<u64>) {
    let mut shelf = Shelf {
        client,
        list,
        number: number.get(),
        rows: Vec::new(),
        lasting: BTreeSet::new(),
    };
    story.rows.iter().for_each(|seed| shelf.insert(*seed));
    let mut turns = story.turns.iter();
    shelf.lasting = shelf.rows.iter().copied().collect();

    let path = format!("{list}?sort={sort}&limit={}", story.limit);
    let (pages, prev) = follow(&mut shelf, path.clone(), "next", &mut turns);
    assert_seen_once(&pages.concat(), &shelf.lasting, &path);
    if let Some(prev) = prev {
        // Of what lies ahead of the last page, all that still lasts.
        let ahead: BTreeSet<i64> = pages.iter().rev().skip(1).flatten().copied().collect();
        let (mut back, _) = follow(&mut shelf, prev, "prev", &mut turns);
        back.reverse();
        let lasting = shelf.lasting.intersection(&ahead).copied().collect();
        assert_seen_once(&back.concat(), &lasting, &path);
    }
    for id in std::mem::take(&mut shelf.rows) {
        shelf.remove(id);
    }
    number.set(shelf.number);
}

fn rows_that_last_are_seen_once_in_every_order(sandbox: &Sandbox) {
    let server = sandbox.serve();
    let client = server.client();
    // The authors of posts; the walks through users pass them too.
    for name in ["One", "Two"] {
        let user = json!({"name": name, "email": format!("{name}@example.org")});
        assert_eq!(client.post("/users", &user).status, 201);
    }
    let number = Cell::new(1);
    for (list, sorts) in LISTS {
        for sort in sorts {
            for sort in [(*sort).to_owned(), format!("-{sort}")] {
                let mut runner = TestRunner::new(Config {
                    cases: STORIES,
                    failure_persistence: None,
                    ..Config::default()
                });
                let told = runner.run(&story(), |story| {
                    walk(&client, list, &sort, &story, &number);
                    Ok(())
                });
                told.unwrap_or_else(|error| panic!("{list} by {sort}: {error}"));
            }
        }
    }
}
