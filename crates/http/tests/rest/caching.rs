//! `Cache-Control`, `ETag` and `Vary` of all kinds of responses.

use byline_application::Page;

use crate::support::{
    Answer, MockPosts, MockUsers, api, get, notes, post, request, send, send_as_it_is, send_json,
    untouched, user,
};

/// Returns users of which Ada, in this version, is the only one in every list.
fn listed_users(version: i64) -> MockUsers {
    let mut users = crate::support::ada(version);
    users.expect_list().returning(move |_| {
        let items = vec![user(1, version)];
        Ok(Page { items, more: false })
    });
    users.expect_count().returning(|_| Ok(1));
    users.expect_find_all().returning(move |ids| {
        let found = ids.iter().map(|id| (*id, user(id.get(), version)));
        Ok(found.collect())
    });
    users.expect_insert().returning(|_, _| Ok(user(1, 1)));
    users
}

fn listed_posts(version: i64) -> MockPosts {
    let mut posts = notes(version);
    posts.expect_list().returning(move |_| {
        let items = vec![post(1, version)];
        Ok(Page { items, more: false })
    });
    posts.expect_count().returning(|_| Ok(1));
    posts
}

fn world(users: i64, posts: i64) -> byline_http::Api {
    api(listed_users(users), listed_posts(posts))
}

/// Cacheable responses.
const KEPT: [&str; 9] = [
    "/users",
    "/posts?sort=-id",
    "/posts?embed=user",
    "/users/1/posts",
    "/users/1",
    "/posts/1?embed=user",
    "/problems/not-found",
    "/openapi.json",
    "/docs",
];

async fn fetch(path: &str, header: (&str, &str)) -> Answer {
    let request = request("GET", path).insert_header(header);
    send_as_it_is(&world(1, 1), request).await
}

#[actix_web::test]
async fn cacheable_responses_can_be_validated() {
    for path in KEPT {
        let first = fetch(path, ("accept-encoding", "gzip")).await;
        assert_eq!(first.status, 200, "{path} {first:?}");
        assert_eq!(first.header("cache-control"), "no-cache", "{path}");
        let tag = first.header("etag").to_owned();
        assert!(!tag.is_empty(), "{path}");
        let listed = format!("\"x\", {tag}");
        for known in [tag.as_str(), &listed, "*", tag.trim_start_matches("W/")] {
            let again = fetch(path, ("if-none-match", known)).await;
            assert_eq!(again.status, 304, "{path} {known}");
            assert!(again.body.is_empty());
            // A 304 updates the cached headers (RFC 9110 section 15.4.5).
            for name in [
                "etag",
                "cache-control",
                "vary",
                "content-security-policy",
                "link",
            ] {
                assert_eq!(again.header(name), first.header(name), "{path} {name}");
            }
        }
        let other = fetch(path, ("if-none-match", "\"0\", W/\"x\"")).await;
        assert_eq!(other.status, 200, "{path}");
        let refused = fetch(path, ("if-none-match", "0")).await;
        assert_eq!(refused.problem(), (400, "invalid-header".into()), "{path}");
    }
}

#[actix_web::test]
async fn a_tag_changes_with_every_part_of_the_response() {
    async fn tag(users: i64, posts: i64, path: &str, prefer: &str) -> String {
        let request = request("GET", path).insert_header(("prefer", prefer));
        let answer = send(&world(users, posts), request).await;
        answer.header("etag").to_owned()
    }
    for (path, of_users, of_posts) in [
        ("/users", true, false),
        ("/posts", false, true),
        ("/posts?embed=user", true, true),
        ("/posts/1?embed=user", true, true),
        ("/users/1/posts?embed=user", true, true),
    ] {
        let first = tag(1, 1, path, "x").await;
        assert_eq!(tag(1, 1, path, "x").await, first, "{path}");
        assert_eq!(tag(2, 1, path, "x").await != first, of_users, "{path}");
        assert_eq!(tag(1, 2, path, "x").await != first, of_posts, "{path}");
    }
    // The count, which a preference adds, changes it, too.
    assert_ne!(
        tag(1, 1, "/users", "x").await,
        tag(1, 1, "/users", "count=exact").await
    );
    assert_eq!(get(&world(1, 1), "/users").await.header("vary"), "Prefer");
}

#[actix_web::test]
async fn other_responses_are_not_cacheable() {
    let user = r#"{"name":"Ada","email":"ada@example.org"}"#;
    for path in [
        "/livez", "/readyz", "/nowhere", "/users?x", "/users/x", "/me",
    ] {
        let answer = get(&untouched(), path).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("etag"), "", "{path}");
    }
    for (method, path, body) in [
        ("POST", "/users", user),
        ("PUT", "/users/1", user),
        ("PATCH", "/users/1", r#"{"name":"A"}"#),
        ("DELETE", "/posts/1", ""),
        ("OPTIONS", "/users", ""),
        ("POST", "/batch", r#"{"operations":[]}"#),
    ] {
        let answer = send_json(&api(listed_users(1), listed_posts(1)), method, path, body).await;
        assert_eq!(
            answer.header("cache-control"),
            "no-store",
            "{method} {path}"
        );
    }
}
