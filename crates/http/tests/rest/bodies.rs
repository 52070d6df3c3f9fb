use byline_http::Api;

use crate::support::{
    MockUsers, ada, api, notes, request, send, send_json, untouched, user_id, users,
};

fn creating() -> Api {
    let mut repository = MockUsers::new();
    repository
        .expect_insert()
        .returning(|new, now| Ok(new.clone().created(user_id(1), now)));
    users(repository)
}

/// All requests with a body.
const WRITES: [(&str, &str); 7] = [
    ("POST", "/users"),
    ("PUT", "/users/1"),
    ("PATCH", "/users/1"),
    ("POST", "/users/1/posts"),
    ("POST", "/posts"),
    ("PUT", "/posts/1"),
    ("PATCH", "/posts/1"),
];

#[actix_web::test]
async fn malformed_json_is_refused_by_line_and_column() {
    let deep_array = "[".repeat(200_000);
    let deep_member = format!("{{\"name\":{}", "[".repeat(200_000));
    let deep_object = format!("{{\"name\":{}", "{\"a\":".repeat(100_000));
    let bodies: Vec<&[u8]> = vec![
        b"",
        b" ",
        b"{",
        b"}",
        b"{\"name\"",
        b"{\"name\":",
        b"{\"name\":\"x\"",
        b"{\"name\":\"x\",}",
        b"{\"name\":\"x\"}}",
        b"{\"name\":\"x\"} {}",
        b"{name:\"x\"}",
        b"{'name':'x'}",
        b"{\"name\":\"x\" \"email\":\"y\"}",
        b"{\"name\":\"line\nbreak\"}",
        b"{\"name\":\"nul\0\"}",
        b"{\"name\":\"\\ud800\"}",
        b"{\"name\":\"\\udc00\\ud800\"}",
        b"{\"name\":\"\\ud800x\"}",
        b"{\"name\":\"\\x\"}",
        b"{\"name\":\"\\u12\"}",
        b"{\"name\":\"\xff\"}",
        b"{\"name\":\"\xed\xa0\x80\"}",
        b"{\"name\":\"\xc0\x80\"}",
        b"{\"\xff\":1}",
        b"{\"name\":01}",
        b"{\"name\":1e999}",
        b"{\"name\":NaN}",
        b"{\"id\":\"\\ud800\"}",
        b"{\"name\":tru}",
        b"{/* no */}",
        b"\xef\xbb\xbf{\"name\":\"x\"}",
        b"\xff\xfe{\0}\0",
        b"name=x&email=y",
        b"\0",
        b"[1",
        b"nul",
        b"\"x",
        deep_array.as_bytes(),
        deep_member.as_bytes(),
        deep_object.as_bytes(),
    ];
    for (method, path) in WRITES {
        for body in &bodies {
            // `id` is unknown in a POST, so its value is not parsed.
            if method == "POST" && body.starts_with(b"{\"id\"")
                || path.contains("post") && body.len() > 1000
            {
                continue;
            }
            let answer = send_json(&untouched(), method, path, *body).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(40)]);
            // Posts have no `name`, so its value is not parsed.
            if path.contains("posts") && body.starts_with(b"{\"name\"") {
                assert!(
                    [400, 422].contains(&answer.status.as_u16()),
                    "{method} {path} {shown}"
                );
                continue;
            }
            assert_eq!(
                answer.problem(),
                (400, "malformed-json".into()),
                "{method} {path} {shown}"
            );
        }
    }
    let answer = send_json(&untouched(), "POST", "/users", "{\n  \"name\": oops}").await;
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.ends_with("line 2, column 11."), "{detail}");
}

#[actix_web::test]
async fn json_that_is_not_an_object_breaks_a_rule() {
    for body in [
        "null",
        "true",
        "1",
        "-1",
        "1.5",
        "\"x\"",
        "[]",
        "[{\"name\":\"x\"}]",
    ] {
        for (method, path) in WRITES {
            let answer = send_json(&untouched(), method, path, body).await;
            assert_eq!(
                answer.problem(),
                (422, "invalid-fields".into()),
                "{method} {path} {body}"
            );
            assert_eq!(answer.faults(), [" wrong-type"]);
        }
    }
}

#[actix_web::test]
async fn every_broken_rule_is_listed() {
    let api = untouched();
    for (method, path, body, faults) in [
        (
            "POST",
            "/users",
            "{}",
            vec!["/name required", "/email required"],
        ),
        (
            "PUT",
            "/users/1",
            "{}",
            vec!["/name required", "/email required"],
        ),
        (
            "POST",
            "/users",
            r#"{"name":null,"email":null}"#,
            vec!["/name null", "/email null"],
        ),
        ("PATCH", "/users/1", r#"{"name":null}"#, vec!["/name null"]),
        (
            "PATCH",
            "/users/1",
            r#"{"name":1,"email":[]}"#,
            vec!["/name wrong-type", "/email wrong-type"],
        ),
        (
            "POST",
            "/users",
            r#"{"name":" ","email":"x"}"#,
            vec!["/name blank", "/email not-an-email-address"],
        ),
        (
            "POST",
            "/users",
            r#"{"name":"\u0000","email":"ada@localhost"}"#,
            vec!["/name control-character", "/email domain-without-dot"],
        ),
        (
            "PATCH",
            "/users/1",
            r#"{"name":"a\nb"}"#,
            vec!["/name control-character"],
        ),
        (
            "PATCH",
            "/posts/1",
            r#"{"content":"\u0000"}"#,
            vec!["/content control-character"],
        ),
        (
            "POST",
            "/users",
            r#"{"name":"x","email":"","nick":1,"a/b~c":2,"name":"y"}"#,
            vec![
                "/nick unknown-member",
                "/a~1b~0c unknown-member",
                "/name duplicate-member",
                "/email not-an-email-address",
            ],
        ),
        (
            "PATCH",
            "/users/1",
            r#"{"id":1,"id":2}"#,
            vec!["/id duplicate-member"],
        ),
        (
            "PATCH",
            "/users/1",
            r#"{"password":"x","Name":"y"}"#,
            vec!["/password unknown-member", "/Name unknown-member"],
        ),
        (
            "POST",
            "/posts",
            r#"{"user_id":1,"title":"","content":null,"id":4}"#,
            vec!["/id read-only", "/title blank", "/content null"],
        ),
    ] {
        let answer = send_json(&api, method, path, body).await;
        assert_eq!(answer.problem(), (422, "invalid-fields".into()), "{body}");
        assert_eq!(answer.faults(), faults, "{body}");
    }
}

#[actix_web::test]
async fn details_name_the_member_and_the_rule() {
    let answer = send_json(&untouched(), "PATCH", "/users/1", r#"{"email":"x"}"#).await;
    let detail = "`email` must be an e-mail address such as ada@example.org.";
    assert_eq!(answer.json()["detail"], detail);
    assert_eq!(answer.json()["errors"][0]["detail"], detail);
}

#[actix_web::test]
async fn a_user_id_must_be_a_possible_id() {
    for (id, code) in [
        ("\"1\"", "wrong-type"),
        ("true", "wrong-type"),
        ("[1]", "wrong-type"),
        ("{\"$ref\":\"x\"}", "wrong-type"),
        ("1.5", "wrong-type"),
        ("1e-1", "wrong-type"),
        ("0.0", "out-of-range"),
        ("1e300", "out-of-range"),
        ("0", "out-of-range"),
        ("-0", "out-of-range"),
        ("-1", "out-of-range"),
        ("9007199254740992", "out-of-range"),
        ("9223372036854775807", "out-of-range"),
        ("9223372036854775808", "out-of-range"),
        ("18446744073709551616", "out-of-range"),
        ("-9223372036854775809", "out-of-range"),
        ("null", "null"),
    ] {
        let body = format!(r#"{{"user_id":{id},"title":"T","content":""}}"#);
        for (method, path) in [
            ("POST", "/posts"),
            ("PUT", "/posts/1"),
            ("PATCH", "/posts/1"),
        ] {
            let answer = send_json(&untouched(), method, path, body.clone()).await;
            assert_eq!(answer.faults(), [format!("/user_id {code}")], "{id}");
        }
    }
    for (text, id) in [
        ("9007199254740991", 9_007_199_254_740_991_i64),
        ("7.0", 7),
        ("7e0", 7),
        ("1.5e1", 15),
    ] {
        let body = format!(r#"{{"user_id":{text}}}"#);
        let answer = send_json(&api(ada(1), notes(1)), "PATCH", "/posts/1", body).await;
        assert_eq!(answer.json()["user_id"], id, "{text}");
    }
}

#[actix_web::test]
async fn lengths_count_code_points() {
    for (text, escaped) in [("🦀", "\\ud83e\\udd80"), ("é", "\\u00e9"), ("a", "\\u0061")] {
        for one in [text, escaped] {
            let body = |count| {
                format!(
                    r#"{{"name":"{}","email":"a@example.org"}}"#,
                    one.repeat(count)
                )
            };
            let answer = send_json(&creating(), "POST", "/users", body(255)).await;
            assert_eq!(answer.status, 201);
            assert_eq!(answer.json()["name"], text.repeat(255));
            let answer = send_json(&creating(), "POST", "/users", body(256)).await;
            assert_eq!(answer.faults(), ["/name too-long"]);
        }
    }
    let content = |count| format!(r#"{{"content":"{}"}}"#, "🦀".repeat(count));
    let api = api(ada(1), notes(1));
    assert_eq!(
        send_json(&api, "PATCH", "/posts/1", content(100_000))
            .await
            .status,
        200
    );
    let answer = send_json(&api, "PATCH", "/posts/1", content(100_001)).await;
    assert_eq!(answer.faults(), ["/content too-long"]);
}

#[actix_web::test]
async fn text_is_returned_unchanged() {
    for name in [
        "e\u{301}",
        "\u{202e}evil",
        " padded ",
        "ﷺ",
        "\u{feff}x",
        "a\"b\\c/d",
        "</script>",
        "👩‍👩‍👧‍👦",
    ] {
        let body = serde_json::json!({"name": name, "email": "a@example.org"}).to_string();
        let answer = send_json(&creating(), "POST", "/users", body).await;
        assert_eq!(answer.json()["name"], name);
    }
}

#[actix_web::test]
async fn other_media_types_are_refused() {
    for (method, path) in WRITES {
        let accepted = if method == "PATCH" {
            "accept-patch"
        } else {
            "accept"
        };
        for media in [
            None,
            Some(""),
            Some("text/plain"),
            Some("application/x-www-form-urlencoded"),
            Some("application/json; charset=latin1"),
            Some("application/json-patch+json"),
            Some("*/*"),
        ] {
            let mut request = request(method, path).set_payload("{}");
            if let Some(media) = media {
                request = request.insert_header(("content-type", media));
            }
            let answer = send(&untouched(), request).await;
            assert_eq!(
                answer.problem(),
                (415, "unsupported-media-type".into()),
                "{method} {media:?}"
            );
            assert!(answer.header(accepted).contains("application/json"));
        }
    }
    let patch_elsewhere = request("PUT", "/users/1")
        .insert_header(("content-type", "application/merge-patch+json"))
        .set_payload("{}");
    assert_eq!(send(&untouched(), patch_elsewhere).await.status, 415);
}

#[actix_web::test]
async fn encoded_bodies_are_refused_unread() {
    for encoding in [
        "gzip",
        "br",
        "zstd",
        "deflate",
        "identity, gzip",
        "GZIP",
        "nonsense",
    ] {
        let request = request("POST", "/users")
            .insert_header(("content-type", "application/json"))
            .insert_header(("content-encoding", encoding))
            .set_payload(&b"\x1f\x8b\x08\0\0\0\0\0\0\x03"[..]);
        let answer = send(&untouched(), request).await;
        assert_eq!(
            answer.problem(),
            (415, "unsupported-content-encoding".into()),
            "{encoding}"
        );
        assert_eq!(answer.header("accept-encoding"), "identity");
    }
    let identity = request("POST", "/users")
        .insert_header(("content-type", "application/json"))
        .insert_header(("content-encoding", "Identity"))
        .set_payload(r#"{"name":"N","email":"n@example.org"}"#);
    assert_eq!(send(&creating(), identity).await.status, 201);
}

#[actix_web::test]
async fn a_body_may_have_at_most_a_mebibyte() {
    let padded = |bytes: usize| {
        let start = r#"{"name":"N","email":"n@example.org"#;
        format!("{start}\"{}}}", " ".repeat(bytes - start.len() - 2))
    };
    let (most, more) = (padded(1024 * 1024), padded(1024 * 1024 + 1));
    assert_eq!(most.len(), 1024 * 1024);
    // Without a `Content-Length`, like a chunked body.
    assert_eq!(
        send_json(&creating(), "POST", "/users", most).await.status,
        201
    );
    let answer = send_json(&untouched(), "POST", "/users", more).await;
    assert_eq!(answer.problem(), (413, "body-too-large".into()));

    let announced = request("POST", "/users")
        .insert_header(("content-type", "application/json"))
        .insert_header(("content-length", "1048577"));
    let answer = send(&untouched(), announced).await;
    assert_eq!(answer.problem(), (413, "body-too-large".into()));
}

#[actix_web::test]
async fn many_invalid_members_give_a_small_response() {
    let many: Vec<_> = (0..50_000).map(|n| format!("\"m{n}\":1")).collect();
    let answer = send_json(
        &untouched(),
        "PATCH",
        "/users/1",
        format!("{{{}}}", many.join(",")),
    )
    .await;
    assert_eq!(answer.faults().len(), 100);
    let long = format!("{{\"{}\":1}}", "x".repeat(500_000));
    let answer = send_json(&untouched(), "PATCH", "/users/1", long).await;
    assert_eq!(answer.faults(), [" unknown-member"]);
    assert!(answer.body.len() < 1000);
}
