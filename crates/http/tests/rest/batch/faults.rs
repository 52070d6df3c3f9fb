//! Invalid batches, which are refused before anything runs.

use super::*;

#[actix_web::test]
async fn every_error_of_every_operation_is_listed() {
    let api = untouched();
    for (operations, faults) in [
        (json!(null), vec!["/operations null"]),
        (json!(7), vec!["/operations wrong-type"]),
        (json!({}), vec!["/operations wrong-type"]),
        (
            json!([1, null, [], "x"]),
            vec![
                "/operations/0 wrong-type",
                "/operations/1 wrong-type",
                "/operations/2 wrong-type",
                "/operations/3 wrong-type",
            ],
        ),
        (
            json!([{}, {"op": "merge", "type": 1}, {"op": null, "type": "page", "nick": 1}]),
            vec![
                "/operations/0/op required",
                "/operations/0/type required",
                "/operations/1/op unknown-word",
                "/operations/1/type wrong-type",
                "/operations/2/nick unknown-member",
                "/operations/2/op null",
                "/operations/2/type unknown-word",
            ],
        ),
        (
            json!([
                create_user("x"),
                {"op": "create", "type": "user"},
                {"op": "create", "type": "user", "data": 1},
                {"op": "create", "type": "post", "data": {"id": 1, "user_id": "1", "title": null}},
            ]),
            vec![
                "/operations/0/data/email not-an-email-address",
                "/operations/1/data required",
                "/operations/2/data wrong-type",
                "/operations/3/data/id read-only",
                "/operations/3/data/user_id wrong-type",
                "/operations/3/data/title null",
                "/operations/3/data/content required",
            ],
        ),
        (
            json!([
                {"op": "update", "type": "user", "data": {"name": null}},
                {"op": "update", "type": "post", "id": 0, "data": {"title": " "}},
                {"op": "update", "type": "post", "id": 1, "if_match": "3"},
                {"op": "delete", "type": "post", "id": "1", "if_match": 3},
                {"op": "delete", "type": "user", "posts": "keep"},
            ]),
            vec![
                "/operations/0/data/name null",
                "/operations/0/id required",
                "/operations/1/data/title blank",
                "/operations/1/id out-of-range",
                "/operations/2/if_match malformed-tags",
                "/operations/2/data required",
                "/operations/3/if_match wrong-type",
                "/operations/3/id wrong-type",
                "/operations/4/id required",
                "/operations/4/posts unknown-word",
            ],
        ),
        (
            json!([
                {"op": "create", "type": "user", "id": 1, "if_match": "*",
                 "data": {"name": "N", "email": "n@example.org"}},
                {"op": "update", "type": "user", "id": 1, "ref": "x", "posts": "delete", "data": {}},
                {"op": "delete", "type": "post", "id": 1, "data": {}, "posts": "delete"},
            ]),
            vec![
                "/operations/0/id unknown-member",
                "/operations/0/if_match unknown-member",
                "/operations/1/ref unknown-member",
                "/operations/1/posts unknown-member",
                "/operations/2/data unknown-member",
                "/operations/2/posts unknown-member",
            ],
        ),
    ] {
        let answer = batch(&api, &operations).await;
        assert_eq!(
            answer.problem(),
            (422, "invalid-fields".into()),
            "{operations}"
        );
        let mut found = answer.faults();
        let mut expected: Vec<_> = faults.into_iter().map(str::to_owned).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{operations}");
    }
    for body in ["{}", "[]", r#"{"operations": [], "mode": "x"}"#] {
        let answer = send_json(&api, "POST", "/batch", body).await;
        assert_eq!(answer.problem(), (422, "invalid-fields".into()), "{body}");
    }
}

#[actix_web::test]
async fn duplicate_members_are_found_at_every_depth() {
    let body = r#"{"operations": [{"op": "create", "op": "create", "type": "user",
        "data": {"name": "N", "name": "M", "email": "n@example.org"}}]}"#;
    let answer = send_json(&untouched(), "POST", "/batch", body).await;
    assert_eq!(
        answer.faults(),
        [
            "/operations/0/data/name duplicate-member",
            "/operations/0/op duplicate-member",
        ]
    );
}

#[actix_web::test]
async fn references_must_name_an_earlier_user() {
    let named = |name: &str, kind: &str| {
        let data = match kind {
            "user" => json!({"name": "N", "email": "n@example.org"}),
            _ => json!({"user_id": 1, "title": "T", "content": ""}),
        };
        json!({"op": "create", "type": kind, "ref": name, "data": data})
    };
    let refer = |name: &str| create_post(&json!({"$ref": name}));
    let long = "x".repeat(256);
    for (operations, faults) in [
        (
            json!([refer("a")]),
            vec!["/operations/0/data/user_id unknown-ref"],
        ),
        (
            json!([refer("a"), named("a", "user")]),
            vec!["/operations/0/data/user_id unknown-ref"],
        ),
        (
            json!([named("a", "user"), refer("A")]),
            vec!["/operations/1/data/user_id unknown-ref"],
        ),
        (
            json!([named("a", "post"), refer("a")]),
            vec!["/operations/1/data/user_id not-a-user"],
        ),
        (
            json!([{"op": "create", "type": "post", "ref": "a",
                    "data": {"user_id": {"$ref": "a"}, "title": "T", "content": ""}}]),
            vec!["/operations/0/data/user_id unknown-ref"],
        ),
        (
            json!([named("a", "user"), named("a", "user")]),
            vec!["/operations/1/ref duplicate-ref"],
        ),
        (json!([named("", "user")]), vec!["/operations/0/ref blank"]),
        (
            json!([named(&long, "user")]),
            vec!["/operations/0/ref too-long"],
        ),
        (
            json!([
                create_post(&json!({"$ref": 1})),
                create_post(&json!({"$ref": "a", "b": 1})),
                create_post(&json!({}))
            ]),
            vec![
                "/operations/0/data/user_id wrong-type",
                "/operations/1/data/user_id wrong-type",
                "/operations/2/data/user_id wrong-type",
            ],
        ),
        // An invalid user does not make its posts invalid.
        (
            json!([{"op": "create", "type": "user", "ref": "a", "data": {}}, refer("a")]),
            vec![
                "/operations/0/data/name required",
                "/operations/0/data/email required",
            ],
        ),
    ] {
        let answer = batch(&untouched(), &operations).await;
        assert_eq!(answer.faults(), faults, "{operations}");
    }
}

#[actix_web::test]
async fn many_errors_give_a_small_response() {
    let operations: Value = (0..1000)
        .map(|_| json!({"op": "create", "type": "post", "data": {}}))
        .collect();
    let answer = batch(&untouched(), &operations).await;
    assert_eq!(answer.problem(), (422, "invalid-fields".into()));
    assert_eq!(answer.faults().len(), 1000);
}

#[actix_web::test]
async fn malformed_json_is_refused_at_every_depth() {
    let deep = "[".repeat(300) + &"]".repeat(300);
    for operation in [
        r#"{"op": "create", "type": "user", "data": {"name": "\ud800"}}"#.to_owned(),
        r#"{"op": "\ud800"}"#.to_owned(),
        format!(r#"{{"op": "create", "type": "user", "data": {{"name": {deep}}}}}"#),
        deep,
    ] {
        let body = format!("{{\"operations\": [{operation}]}}");
        let answer = send_json(&untouched(), "POST", "/batch", body).await;
        let status = answer.status.as_u16();
        assert!([400, 422].contains(&status), "{operation}");
        answer.code();
    }
}
