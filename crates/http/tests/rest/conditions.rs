use std::sync::Arc;

use byline_application::testing::ImmediateStore;

use byline_http::{Api, Settings};

use crate::support::{
    MockPosts, MockUsers, ada, api, api_with, notes, request, send, session, settings, users,
};

fn world() -> Api {
    api(ada(3), notes(3))
}

#[actix_web::test]
async fn a_row_that_the_client_has_is_not_sent_again() {
    for method in ["GET", "HEAD"] {
        for path in ["/users/1", "/posts/1"] {
            for tags in ["\"3\"", "W/\"3\"", "\"1\", \"3\"", "*"] {
                let request = request(method, path).insert_header(("if-none-match", tags));
                let answer = send(&world(), request).await;
                assert_eq!(answer.status, 304, "{tags}");
                assert_eq!(answer.header("etag"), "\"3\"");
                assert_eq!(answer.header("cache-control"), "no-cache");
                assert!(answer.body.is_empty());
            }
        }
    }
}

#[actix_web::test]
async fn a_row_with_a_new_version_is_sent() {
    for tags in ["\"2\"", "\"33\"", "\"03\"", "\"x\""] {
        let request = request("GET", "/users/1").insert_header(("if-none-match", tags));
        assert_eq!(send(&world(), request).await.status, 200, "{tags}");
    }
}

/// RFC 9110 section 13.2.2: `If-Match` by strong comparison, then `If-None-Match`; neither
/// if there is no row (section 13.2.1).
#[actix_web::test]
async fn if_match_guards_reads() {
    for path in ["/users/1", "/posts/1"] {
        for (tags, none_match, status) in [
            ("\"3\"", "", 200),
            ("*", "", 200),
            ("\"1\", \"3\"", "\"2\"", 200),
            ("\"3\"", "W/\"3\"", 304),
            ("*", "*", 304),
            ("\"2\"", "", 412),
            ("\"2\"", "\"3\"", 412),
            ("W/\"3\"", "\"3\"", 412),
            ("\"x\"", "*", 412),
            ("3", "", 400),
        ] {
            for method in ["GET", "HEAD"] {
                let mut request = request(method, path).insert_header(("if-match", tags));
                if !none_match.is_empty() {
                    request = request.insert_header(("if-none-match", none_match));
                }
                let answer = send(&world(), request).await;
                assert_eq!(answer.status, status, "{method} {path} {tags} {none_match}");
                if status == 412 {
                    assert_eq!(answer.code(), "precondition-failed");
                }
            }
        }
    }
    let mut no_users = MockUsers::new();
    no_users.expect_find().returning(|_| Ok(None));
    let absent = request("GET", "/users/1").insert_header(("if-match", "*"));
    assert_eq!(send(&users(no_users), absent).await.status, 404);
}

const CHANGES: [(&str, &str, &str); 6] = [
    ("PUT", "/users/1", r#"{"name":"N","email":"n@example.org"}"#),
    ("PATCH", "/users/1", r#"{"name":"N"}"#),
    ("DELETE", "/users/1", ""),
    (
        "PUT",
        "/posts/1",
        r#"{"user_id":1,"title":"T","content":"C"}"#,
    ),
    ("PATCH", "/posts/1", r#"{"title":"T"}"#),
    ("DELETE", "/posts/1", ""),
];

async fn change(
    api: &Api,
    (method, path, body): (&str, &str, &'static str),
    headers: &[(&str, &str)],
) -> (u16, String) {
    let mut request = request(method, path)
        .insert_header(("content-type", "application/json"))
        .set_payload(body);
    for header in headers {
        request = request.append_header(*header);
    }
    let answer = send(api, request).await;
    let code = if answer.status.is_success() {
        String::new()
    } else {
        answer.code()
    };
    (answer.status.as_u16(), code)
}

#[actix_web::test]
async fn if_match_guards_writes() {
    for what in CHANGES {
        let success = if what.0 == "DELETE" { 204 } else { 200 };
        for tags in ["\"3\"", "\"2\",\"3\"", "*"] {
            let done = change(&world(), what, &[("if-match", tags)]).await;
            assert_eq!(done.0, success, "{what:?} {tags}");
        }
        let lines = [("if-match", "\"2\""), ("if-match", "\"3\"")];
        assert_eq!(change(&world(), what, &lines).await.0, success);
        for tags in ["\"2\"", "W/\"3\"", "\"x\"", "\"03\""] {
            let refused = change(&world(), what, &[("if-match", tags)]).await;
            assert_eq!(
                refused,
                (412, "precondition-failed".into()),
                "{what:?} {tags}"
            );
        }
        for tags in ["", "3", "\"3", "*, \"3\"", "\"3\" \"4\""] {
            let refused = change(&world(), what, &[("if-match", tags)]).await;
            assert_eq!(refused, (400, "invalid-header".into()), "{what:?} {tags}");
        }
    }
}

/// RFC 9110, section 13.1.2: the method must not be performed.
#[actix_web::test]
async fn if_none_match_guards_writes() {
    for what in CHANGES {
        for tags in ["*", "\"3\"", "W/\"3\""] {
            let refused = change(&world(), what, &[("if-none-match", tags)]).await;
            assert_eq!(
                refused,
                (412, "precondition-failed".into()),
                "{what:?} {tags}"
            );
        }
        assert!(
            change(&world(), what, &[("if-none-match", "\"2\"")])
                .await
                .0
                < 300
        );
    }
}

#[actix_web::test]
async fn if_match_can_be_required_by_a_setting() {
    let strict = || {
        let store = ImmediateStore::new(session(ada(3), notes(3)));
        api_with(
            Arc::new(store),
            Settings {
                require_if_match: true,
                ..settings()
            },
        )
    };
    for what in CHANGES {
        let refused = change(&strict(), what, &[]).await;
        assert_eq!(refused, (428, "precondition-required".into()), "{what:?}");
        for tags in ["*", "\"3\""] {
            assert!(change(&strict(), what, &[("if-match", tags)]).await.0 < 300);
        }
    }
    let reading = send(&strict(), request("GET", "/users/1")).await;
    assert_eq!(reading.status, 200);
}

#[actix_web::test]
async fn a_failed_precondition_changes_nothing() {
    let mut posts = MockPosts::new();
    let find = |id: byline_domain::PostId| Ok(Some(crate::support::post(id.get(), 3)));
    posts.expect_find().returning(find);
    posts.expect_find_for_update().returning(find);
    posts.expect_delete().never();
    let api = crate::support::posts(posts);
    let refused = change(&api, CHANGES[5], &[("if-match", "\"1\"")]).await;
    assert_eq!(refused.0, 412);
}
