use std::sync::{Arc, Mutex};

use byline_application::{Limit, ListQuery, Page, Seek, UserSortKey};
use byline_domain::UserFields;
use byline_http::Api;

use crate::support::{Answer, MockUsers, get, untouched, user, users};

/// Returns an interface to users with these ids, with pages like those of a database.
fn people(ids: Vec<i64>) -> Api {
    people_in(&Arc::new(Mutex::new(ids)))
}

fn people_in(ids: &Arc<Mutex<Vec<i64>>>) -> Api {
    let ids = Arc::clone(ids);
    let mut repository = MockUsers::new();
    repository
        .expect_list()
        .returning(move |query| Ok(page(&ids.lock().unwrap(), query)));
    users(repository)
}

fn page(ids: &[i64], query: &ListQuery<UserFields>) -> Page<byline_domain::User> {
    let limit = usize::from(query.limit.get());
    assert_eq!(query.sort, UserSortKey::Id);
    let seek = &query.window.seek;
    let mut found: Vec<i64> = ids
        .iter()
        .copied()
        .filter(|id| match seek {
            Seek::First => true,
            Seek::After(at) => *id > at.id,
            Seek::Before(at) => *id < at.id,
        })
        .collect();
    let more = found.len() > limit;
    if seek.is_backwards() {
        found.drain(..found.len().saturating_sub(limit));
    } else {
        found.truncate(limit);
    }
    let items = found.into_iter().map(|id| user(id, 1)).collect();
    Page { items, more }
}

fn ids(answer: &Answer) -> Vec<i64> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let rows = answer.json();
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect()
}

/// Returns the target of a relation in the `Link` header.
fn link(answer: &Answer, rel: &str) -> Option<String> {
    let suffix = format!(">; rel=\"{rel}\"");
    answer
        .header("link")
        .split(", ")
        .find_map(|link| link.strip_prefix('<')?.strip_suffix(&suffix))
        .map(str::to_owned)
}

#[actix_web::test]
async fn an_empty_list_is_an_empty_array() {
    for path in ["/users", "/users/"] {
        let answer = get(&people(vec![]), path).await;
        assert_eq!(answer.body, b"[]");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("link"), "</users>; rel=\"first\"");
    }
}

#[actix_web::test]
async fn following_next_and_prev_visits_the_same_rows() {
    let api = people((1..=7).collect());
    let mut there = Vec::new();
    let mut uri = "/users?limit=3".to_owned();
    loop {
        let answer = get(&api, &uri).await;
        there.push(ids(&answer));
        assert_eq!(link(&answer, "first").unwrap(), "/users?limit=3");
        match link(&answer, "next") {
            Some(next) => uri = next,
            None => break,
        }
    }
    assert_eq!(there, [vec![1, 2, 3], vec![4, 5, 6], vec![7]]);
    let mut back = Vec::new();
    let mut answer = get(&api, &uri).await;
    while let Some(prev) = link(&answer, "prev") {
        answer = get(&api, &prev).await;
        back.push(ids(&answer));
    }
    assert_eq!(back, [[4, 5, 6], [1, 2, 3]]);
    assert_eq!(
        ids(&get(&api, &link(&answer, "next").unwrap()).await),
        [4, 5, 6]
    );
}

#[actix_web::test]
async fn cursors_stay_valid_when_their_rows_are_deleted() {
    let stored = Arc::new(Mutex::new((1..=6).collect::<Vec<_>>()));
    let api = people_in(&stored);
    let first = get(&api, "/users?limit=3").await;
    stored.lock().unwrap().retain(|id| *id <= 2);

    let behind = get(&api, &link(&first, "next").unwrap()).await;
    assert_eq!(ids(&behind), [0_i64; 0]);
    assert_eq!(link(&behind, "next"), None);
    let back = get(&api, &link(&behind, "prev").unwrap()).await;
    assert_eq!(ids(&back), [1, 2]);

    stored.lock().unwrap().retain(|id| *id > 6);
    let ahead = get(&api, &link(&behind, "prev").unwrap()).await;
    assert_eq!(ids(&ahead), [0_i64; 0]);
    assert_eq!(link(&ahead, "next").unwrap(), "/users?limit=3");
}

#[actix_web::test]
async fn the_limit_is_50_unless_given() {
    let api = people((1..=101).collect());
    assert_eq!(ids(&get(&api, "/users").await).len(), 50);
    assert_eq!(ids(&get(&api, "/users?limit=1").await).len(), 1);
    assert_eq!(ids(&get(&api, "/users?limit=100").await).len(), 100);
    assert_eq!(Limit::default().get(), 50);
}

#[actix_web::test]
async fn other_limits_are_refused() {
    for limit in [
        "0",
        "101",
        "-1",
        "%2B5",
        "5.0",
        "1e1",
        "",
        "abc",
        "99999999999999999999",
        "%D9%A3",
    ] {
        let answer = get(&untouched(), &format!("/users?limit={limit}")).await;
        assert_eq!(
            answer.problem(),
            (400, "invalid-parameter".into()),
            "{limit}"
        );
        assert_eq!(answer.faults(), ["limit out-of-range"]);
    }
}

#[actix_web::test]
async fn damaged_and_foreign_cursors_are_refused() {
    let api = people((1..=9).collect());
    let next = link(&get(&api, "/users?limit=2").await, "next").unwrap();
    let (_, cursor) = next.split_once("cursor=").unwrap();
    let cut = &cursor[..cursor.len() - 1];
    let longer = format!("{cursor}A");
    let padded = format!("{cursor}=");
    for damaged in [
        "",
        "x",
        cut,
        &longer,
        &padded,
        "%00",
        "%F0%9F%A6%80",
        &"A".repeat(24),
        &"A".repeat(4000),
    ] {
        let answer = get(&untouched(), &format!("/users?cursor={damaged}")).await;
        assert_eq!(
            answer.problem(),
            (400, "invalid-cursor".into()),
            "{damaged}"
        );
        assert_eq!(answer.json()["detail"], "The cursor is damaged.");
    }
    for path in ["/posts", "/users/1/posts"] {
        let answer = get(&untouched(), &format!("{path}?cursor={cursor}")).await;
        assert_eq!(answer.problem(), (400, "invalid-cursor".into()));
        assert_eq!(
            answer.json()["detail"],
            "The cursor was made for another list, or with other filters or another sort."
        );
    }
}

#[actix_web::test]
async fn unknown_and_repeated_parameters_are_all_listed() {
    let answer = get(&untouched(), "/users?limit=1&sorted=x&limit=2&%3Cb%3E=1&=").await;
    assert_eq!(answer.problem(), (400, "invalid-parameter".into()));
    assert_eq!(
        answer.faults(),
        [
            "sorted unknown-parameter",
            "limit duplicate-parameter",
            "<b> unknown-parameter",
            " unknown-parameter",
        ]
    );
    let first = answer.json()["errors"][0]["detail"].clone();
    assert_eq!(
        first,
        "There is no query parameter `sorted`; allowed here: `limit`, `cursor`, `sort`, `email`, `name.starts`, `created_at.gte`, `created_at.lt`."
    );
}
