//! The parameters of lists.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use byline_application::testing::ImmediateStore;
use byline_application::{
    Direction, Intent, KeyRange, KeysetPosition, KeysetWindow, ListQuery, Page, PostFilter,
    PostSortKey, Seek, SortValue, Store, UserFilter, UserSortKey,
};
use byline_domain::{PostFields, UserFields};
use byline_http::Api;
use serde_json::json;

use crate::support::{
    Answer, MockPosts, MockUsers, NOW, ada, api, api_with, get, notes, now, post, request, send,
    session, settings, untouched, user, user_id, users,
};

type Asked<Q> = Arc<Mutex<Vec<Q>>>;

/// Returns users whose lists have one page, and the queries for them.
fn people() -> (Api, Asked<ListQuery<UserFields>>) {
    let asked = Asked::default();
    let theirs = Arc::clone(&asked);
    let mut repository = MockUsers::new();
    repository.expect_list().returning(move |query| {
        theirs.lock().unwrap().push(query.clone());
        let items = vec![user(1, 1), user(2, 1)];
        Ok(Page { items, more: true })
    });
    (users(repository), asked)
}

/// Returns posts whose lists have one page, and the queries for them.
fn writings() -> (Api, Asked<ListQuery<PostFields>>) {
    let asked = Asked::default();
    let theirs = Arc::clone(&asked);
    let mut repository = MockPosts::new();
    repository.expect_list().returning(move |query| {
        theirs.lock().unwrap().push(query.clone());
        let items = vec![post(1, 1), post(2, 1)];
        Ok(Page { items, more: true })
    });
    (api(MockUsers::new(), repository), asked)
}

async fn asked_users(query: &str) -> ListQuery<UserFields> {
    let (api, asked) = people();
    let answer = get(&api, &format!("/users?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    let asked = asked.lock().unwrap();
    asked[0].clone()
}

async fn asked_posts(uri: &str) -> ListQuery<PostFields> {
    let (api, asked) = writings();
    let answer = get(&api, uri).await;
    assert_eq!(answer.status, 200, "{uri}: {answer:?}");
    let asked = asked.lock().unwrap();
    asked[0].clone()
}

fn span<K: Into<SortValue>>(from: Option<K>, to: Option<K>) -> KeysetWindow<SortValue> {
    let range = KeyRange {
        from: from.map(Into::into),
        to: to.map(Into::into),
    };
    let seek = Seek::First;
    KeysetWindow { range, seek }
}

#[actix_web::test]
async fn users_are_sorted_and_filtered() {
    let name = |prefix| {
        let texts = KeyRange::starting_with(prefix);
        let range = KeyRange {
            from: texts.from.map(SortValue::Text),
            to: texts.to.map(SortValue::Text),
        };
        let seek = Seek::First;
        (UserSortKey::Name, KeysetWindow { range, seek })
    };
    for (query, order, direction) in [
        (
            "",
            (UserSortKey::Id, Seek::First.into()),
            Direction::Ascending,
        ),
        (
            "sort=id",
            (UserSortKey::Id, Seek::First.into()),
            Direction::Ascending,
        ),
        (
            "sort=-id",
            (UserSortKey::Id, Seek::First.into()),
            Direction::Descending,
        ),
        ("sort=name", name(""), Direction::Ascending),
        (
            "sort=-name&name.starts=Zo%C3%AB+%2B",
            name("Zoë +"),
            Direction::Descending,
        ),
        ("name.starts=&sort=name", name(""), Direction::Ascending),
        ("name.starts=+&sort=name", name(" "), Direction::Ascending),
        (
            "sort=email",
            (UserSortKey::Email, Seek::First.into()),
            Direction::Ascending,
        ),
        (
            "sort=created_at&created_at.gte=2026-11-22T11:00:00.123456%2B01:00",
            (UserSortKey::CreatedAt, span(Some(now()), None)),
            Direction::Ascending,
        ),
        (
            "sort=-created_at&created_at.lt=2026-11-22T10:00:00.123456Z",
            (UserSortKey::CreatedAt, span(None, Some(now()))),
            Direction::Descending,
        ),
    ] {
        let asked = asked_users(query).await;
        assert_eq!(
            ((asked.sort, asked.window), asked.direction),
            (order, direction),
            "{query}"
        );
        assert_eq!(asked.filter, None);
    }
    for sort in [
        "",
        "&sort=-name&name.starts=A",
        "&sort=created_at",
        "&sort=email",
    ] {
        let asked = asked_users(&format!("email=ADA@example.org{sort}")).await;
        let Some(UserFilter::Email(email)) = asked.filter else {
            panic!("{asked:?}");
        };
        assert_eq!(email.key(), "ada@example.org");
    }
}

#[actix_web::test]
async fn posts_are_sorted_and_filtered() {
    for path in ["/posts?user_id=1&", "/posts?", "/users/1/posts?"] {
        let author = path.contains('1').then(|| user_id(1));
        for (query, order) in [
            ("", (PostSortKey::Id, Seek::First.into())),
            ("sort=-id", (PostSortKey::Id, Seek::First.into())),
            (
                "sort=title",
                (PostSortKey::Title, span::<String>(None, None)),
            ),
            (
                "title.starts=N&sort=-title",
                (PostSortKey::Title, span(Some("N"), Some("O"))),
            ),
            (
                &format!("sort=created_at&created_at.lt={NOW}&created_at.gte={NOW}"),
                (PostSortKey::CreatedAt, span(Some(now()), Some(now()))),
            ),
            (
                &format!("sort=-updated_at&updated_at.gte={NOW}"),
                (PostSortKey::UpdatedAt, span(Some(now()), None)),
            ),
        ] {
            let uri = format!("{path}{query}");
            let asked = asked_posts(&uri).await;
            let filter = author.map(PostFilter::Author);
            assert_eq!(asked.filter, filter, "{uri}");
            assert_eq!((asked.sort, asked.window), order, "{uri}");
            let descending = query.contains("sort=-");
            assert_eq!(asked.direction == Direction::Descending, descending);
        }
    }
}

#[actix_web::test]
async fn lists_without_an_index_are_refused_with_the_allowed_ones() {
    for (uri, faults) in [
        ("/users?name.starts=A", vec!["name.starts needs-sort"]),
        (
            "/users?name.starts=A&sort=id",
            vec!["name.starts needs-sort"],
        ),
        (
            "/users?name.starts=A&sort=email",
            vec!["name.starts needs-sort"],
        ),
        (
            "/users?sort=name&created_at.gte=2026-11-22T10:00:00Z&created_at.lt=x",
            vec![
                "created_at.gte needs-sort",
                "created_at.lt needs-sort",
                "created_at.lt not-a-time",
            ],
        ),
        ("/posts?title.starts=A", vec!["title.starts needs-sort"]),
        (
            "/posts?sort=-created_at&updated_at.lt=2026-11-22T10:00:00Z",
            vec!["updated_at.lt needs-sort"],
        ),
        (
            "/users/1/posts?sort=title&created_at.lt=2026-11-22T10:00:00Z",
            vec!["created_at.lt needs-sort"],
        ),
    ] {
        let answer = get(&untouched(), uri).await;
        assert_eq!(answer.problem(), (400, "invalid-parameter".into()), "{uri}");
        assert_eq!(answer.faults(), faults, "{uri}");
    }
    let answer = get(&untouched(), "/posts?title.starts=A").await;
    assert_eq!(
        answer.json()["detail"],
        "The query parameter `title.starts` goes with `sort=title` or `sort=-title` only, so that an index serves the list."
    );
}

#[actix_web::test]
async fn invalid_values_are_all_listed() {
    for (uri, faults) in [
        ("/users?sort=", vec!["sort unknown-value"]),
        ("/users?sort=-", vec!["sort unknown-value"]),
        ("/users?sort=--id", vec!["sort unknown-value"]),
        ("/users?sort=ID", vec!["sort unknown-value"]),
        ("/users?sort=title", vec!["sort unknown-value"]),
        ("/users?sort=name,id", vec!["sort unknown-value"]),
        ("/posts?sort=user_id", vec!["sort unknown-value"]),
        ("/users?email=", vec!["email not-an-email-address"]),
        ("/users?email=ada", vec!["email not-an-email-address"]),
        (
            "/users?email=ada@localhost",
            vec!["email domain-without-dot"],
        ),
        ("/users?email=%FF@example.org", vec!["email not-utf-8"]),
        (
            "/users?sort=name&name.starts=a%00",
            vec!["name.starts control-character"],
        ),
        (
            "/users?sort=created_at&created_at.gte=2026-11-22&created_at.lt=2026-11-22T10:00:00+01:00",
            vec!["created_at.gte not-a-time", "created_at.lt not-a-time"],
        ),
        ("/posts?user_id=0", vec!["user_id out-of-range"]),
        ("/posts?user_id=01", vec!["user_id out-of-range"]),
        (
            "/posts?user_id=9007199254740992",
            vec!["user_id out-of-range"],
        ),
        ("/posts?embed=author", vec!["embed unknown-value"]),
        ("/posts/1?embed=", vec!["embed unknown-value"]),
        (
            "/posts?limit=0&sort=x&user_id=x&embed=x",
            vec![
                "sort unknown-value",
                "limit out-of-range",
                "user_id out-of-range",
                "embed unknown-value",
            ],
        ),
        (
            "/users/1/posts?user_id=1",
            vec!["user_id unknown-parameter"],
        ),
        (
            "/posts?email=a@example.org",
            vec!["email unknown-parameter"],
        ),
        ("/users?embed=user", vec!["embed unknown-parameter"]),
        ("/users/1?embed=user", vec!["embed unknown-parameter"]),
        ("/users?sort=id&sort=id", vec!["sort duplicate-parameter"]),
    ] {
        let answer = get(&untouched(), uri).await;
        assert_eq!(answer.problem(), (400, "invalid-parameter".into()), "{uri}");
        assert_eq!(answer.faults(), faults, "{uri}");
    }
    let long = "a".repeat(256);
    let answer = get(
        &untouched(),
        &format!("/posts?sort=title&title.starts={long}"),
    )
    .await;
    assert_eq!(answer.faults(), ["title.starts too-long"]);
    let answer = get(&untouched(), "/users?sort=nmae").await;
    assert_eq!(
        answer.json()["detail"],
        "The query parameter `sort` must be one of `id`, `name`, `email`, `created_at`, with `-` before it for descending."
    );
}

/// Returns the target of a relation in the `Link` header.
fn link(answer: &Answer, rel: &str) -> String {
    let suffix = format!(">; rel=\"{rel}\"");
    let links = answer.header("link").split(", ");
    let found = links
        .filter_map(|link| link.strip_prefix('<')?.strip_suffix(&suffix))
        .next();
    found.unwrap().to_owned()
}

#[actix_web::test]
async fn links_keep_every_parameter_and_cursors_the_sort_values() {
    let (api, asked) = people();
    let first = "/users?sort=-name&name.starts=A%26%C3%A4+&limit=2&email=a%2Bb%40example.org";
    let answer = get(&api, first).await;
    assert_eq!(link(&answer, "first"), first);
    let next = link(&answer, "next");
    assert!(next.starts_with(&format!("{first}&cursor=")), "{next}");
    let answer = get(&api, &next).await;
    assert_eq!(link(&answer, "first"), first);
    get(&api, &link(&answer, "prev")).await;
    let asked = asked.lock().unwrap();
    let seeks: Vec<_> = asked
        .iter()
        .map(|query| {
            assert_eq!(query.sort, UserSortKey::Name);
            query.window.seek.clone()
        })
        .collect();
    let at = |id| KeysetPosition {
        key: user(id, 1).fields.name.as_str().into(),
        id,
    };
    assert_eq!(
        seeks,
        [Seek::First, Seek::After(at(2)), Seek::Before(at(1))]
    );
    assert!(asked.iter().all(|query| query.filter == asked[0].filter));
}

#[actix_web::test]
async fn a_cursor_is_refused_with_another_sort_or_other_filters() {
    let (api, _) = people();
    let answer = get(&api, "/users?sort=name&name.starts=A&limit=2").await;
    let next = link(&answer, "next");
    let (_, cursor) = next.split_once("cursor=").unwrap();
    for same in [
        "sort=name&name.starts=A",
        "name.starts=A&sort=name&limit=7",
        "name.starts=%41&sort=name",
    ] {
        let answer = get(&api, &format!("/users?{same}&cursor={cursor}")).await;
        assert_eq!(answer.status, 200, "{same}");
    }
    for other in [
        "",
        "sort=name",
        "sort=-name&name.starts=A",
        "sort=name&name.starts=B",
        "sort=name&name.starts=A&email=a@example.org",
        "sort=email",
    ] {
        let answer = get(&untouched(), &format!("/users?{other}&cursor={cursor}")).await;
        assert_eq!(answer.problem(), (400, "invalid-cursor".into()), "{other}");
        assert_eq!(answer.faults(), ["cursor invalid-cursor"]);
    }
    let answer = get(&api, "/users?limit=2").await;
    let next = link(&answer, "next").replace("/users?", "/users?sort=id&");
    assert_eq!(get(&api, &next).await.status, 200);
}

/// Returns an interface to users and posts, and its store.
fn watched(users: MockUsers, posts: MockPosts) -> (Api, Arc<ImmediateStore>) {
    let store = Arc::new(ImmediateStore::new(session(users, posts)));
    let shared: Arc<dyn Store> = Arc::<ImmediateStore>::clone(&store);
    (api_with(shared, settings()), store)
}

#[actix_web::test]
async fn a_count_is_sent_if_preferred() {
    let mut repository = MockUsers::new();
    repository.expect_count().return_once(|query| {
        assert_eq!(query.direction, Direction::Descending);
        Ok(17)
    });
    repository.expect_list().returning(|_| {
        let items = vec![user(1, 1)];
        Ok(Page { items, more: false })
    });
    let (api, store) = watched(repository, MockPosts::new());
    let plain = get(&api, "/users?sort=-id").await;
    assert_eq!(plain.header("x-total-count"), "");
    assert_eq!(plain.header("preference-applied"), "");
    let counting = request("GET", "/users?sort=-id").insert_header(("prefer", "count=exact"));
    let counted = send(&api, counting).await;
    assert_eq!(counted.header("x-total-count"), "17");
    assert_eq!(counted.header("preference-applied"), "count=exact");
    assert_eq!(counted.body, plain.body);
    assert_eq!(store.intents(), [Intent::Read, Intent::Snapshot]);
}

#[actix_web::test]
async fn a_malformed_preference_is_refused() {
    for uri in ["/users", "/posts", "/users/1/posts"] {
        let request = request("GET", uri).insert_header(("prefer", "count=\"exact"));
        let answer = send(&untouched(), request).await;
        assert_eq!(answer.problem(), (400, "invalid-header".into()), "{uri}");
    }
}

/// Returns users of whom any number can be found at once.
fn authors() -> MockUsers {
    let mut users = MockUsers::new();
    users
        .expect_find_all()
        .returning(|ids: &BTreeSet<_>| Ok(ids.iter().map(|id| (*id, user(id.get(), 3))).collect()));
    users
}

#[actix_web::test]
async fn posts_are_listed_with_their_authors_if_requested() {
    for uri in ["/posts?embed=user", "/users/1/posts?limit=9&embed=user"] {
        let mut repository = MockPosts::new();
        repository.expect_list().once().returning(|_| {
            let items = vec![post(1, 1), post(2, 1)];
            Ok(Page { items, more: true })
        });
        repository.expect_count().once().returning(|_| Ok(9));
        let (api, store) = watched(authors(), repository);
        let counting = request("GET", uri).insert_header(("prefer", "count=exact"));
        let answer = send(&api, counting).await;
        assert_eq!(answer.header("x-total-count"), "9");
        let rows = answer.json();
        let author = get(&users(ada(3)), "/users/1").await.json();
        for row in rows.as_array().unwrap() {
            assert_eq!(row["user"], author);
            assert_eq!(row["user_id"], 1);
        }
        assert!(link(&answer, "next").contains("embed=user&cursor="));
        assert_eq!(store.intents(), [Intent::Snapshot]);
    }
}

#[actix_web::test]
async fn a_post_with_its_author_has_another_tag() {
    let (api, store) = watched(authors(), notes(2));
    let embedding = request("GET", "/posts/9?embed=user").insert_header(("if-none-match", "\"2\""));
    let answer = send(&api, embedding).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("etag").starts_with("W/"), "{answer:?}");
    assert_eq!(answer.json()["user"]["id"], json!(1));
    assert_eq!(store.intents(), [Intent::Snapshot]);
    let plain = get(&api, "/posts/9").await;
    assert_eq!(plain.json().get("user"), None);
    assert_eq!(plain.header("etag"), "\"2\"");
}
